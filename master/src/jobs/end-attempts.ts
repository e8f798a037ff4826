import type { Transaction } from '../database/commit.ts';
import type { JobParts } from './parts.ts';
import { keepPrices } from './prices.ts';
import { type JobRow, liveAttemptOf, type TaskRow } from './store.ts';

/** Ends the live attempt of an active task and orders its agent to kill the process once this is durable. */
export async function endLiveAttempt(
  parts: JobParts,
  tx: Transaction,
  job: JobRow,
  task: TaskRow,
  order: 'cancel' | 'pause',
): Promise<void> {
  const [attempt] = await tx.run(liveAttemptOf, { task: task.id });
  if (!attempt) return;
  const cause = order === 'cancel' ? 'canceled' : 'paused';
  await parts.power.keep(tx, attempt.id);
  await keepPrices(parts, tx, await parts.transitions.attempt(tx, attempt, 'canceled', { jobId: job.id, cause }));
  tx.afterCommit(() => parts.onAttemptEnded({ id: attempt.id, nodeId: attempt.node_id }, order));
}

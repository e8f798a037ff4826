import { FfrtmpError } from '@ffrtmp/shared/contract/errors';
import type { HeldAttempt } from '@ffrtmp/shared/contract/nodes';
import type { Progress } from '@ffrtmp/shared/job/job';
import { type AttemptRow, attemptById } from '../jobs/store.ts';
import type { HeldLease } from './leases.ts';
import type { DispatchParts } from './parts.ts';

/** The lease behind a worker's call, or the reason to refuse it: the token is the fence on every one of them. */
export async function requireLease(
  parts: DispatchParts,
  call: { attemptId: string; token: string; nodeId: string },
): Promise<HeldLease> {
  if (!parts.tokens.matches(call.attemptId, call.token)) throw staleAttempt('the lease token is wrong');
  const lease = parts.leases.get(call.attemptId);
  if (lease && lease.nodeId === call.nodeId) return lease;
  const [attempt] = await parts.jobs.db.read(attemptById, { id: call.attemptId });
  if (!attempt) throw new FfrtmpError('not_found', `there is no attempt ${call.attemptId}`);
  throw staleAttempt(`the attempt is ${attempt.state}`, attempt);
}

const staleAttempt = (why: string, attempt?: AttemptRow) =>
  new FfrtmpError(
    'stale_attempt',
    `${why}: kill its process and drop its files`,
    attempt && { attempt: attempt.number, state: attempt.state },
  );

/** Renews what is still the agent's and orders it to drop the rest. No row is written unless a state changed. */
export async function renewHeld(parts: DispatchParts, nodeId: string, held: readonly HeldAttempt[]): Promise<string[]> {
  const renewed: string[] = [];
  parts.orders.settle(
    nodeId,
    held.map((one) => one.attempt_id),
  );
  for (const one of held) {
    const lease = parts.leases.get(one.attempt_id);
    const valid = lease?.nodeId === nodeId && parts.tokens.matches(one.attempt_id, one.token);
    if (!valid) {
      const known = parts.orders.open(nodeId).some((order) => order.attempt_id === one.attempt_id);
      if (!known) parts.orders.give(nodeId, { kind: 'drop', attempt_id: one.attempt_id });
      continue;
    }
    parts.leases.renew(one.attempt_id);
    renewed.push(one.attempt_id);
    if (one.state !== 'leased') await advance(parts, lease, one.state, one.progress ?? null);
  }
  return renewed;
}

/** Writes `running` and `publishing` once each; progress and energy so far stay in memory. */
export async function advance(
  parts: DispatchParts,
  lease: HeldLease,
  state: 'running' | 'publishing',
  progress: Progress | null,
): Promise<void> {
  if (progress) {
    const { jobId, taskId, attemptId, taskKind, nodeId } = lease;
    parts.board.report({ jobId, taskId, attemptId, taskKind, nodeId, progress });
    parts.jobs.power.report(attemptId, progress.energy);
  }
  const [attempt] = await parts.jobs.db.read(attemptById, { id: lease.attemptId });
  const earlier = attempt?.state === 'leased' || (attempt?.state === 'running' && state === 'publishing');
  if (!earlier) return;
  await parts.jobs.db.write(async (tx) => {
    const [row] = await tx.run(attemptById, { id: lease.attemptId });
    const still = row?.state === 'leased' || (row?.state === 'running' && state === 'publishing');
    if (row && still) await parts.jobs.transitions.attempt(tx, row, state, { jobId: lease.jobId });
  });
}

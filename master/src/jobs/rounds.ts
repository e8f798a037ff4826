import type { Figure } from '@ffrtmp/shared/energy/figure';
import type { Transaction } from '../database/commit.ts';
import type { Value } from '../database/statement.ts';
import { insertNeeds, internClass, taskValues } from './enqueue.ts';
import type { JobParts } from './parts.ts';
import { type JobBody, type PlannedTask, planTasks } from './plan.ts';
import { insertRoundTasks, wasteSuccesses } from './round-store.ts';
import { settleJob } from './settle.ts';
import type { JobRow, TaskRow } from './store.ts';
import { judge, type Verdict } from './verdict.ts';

/** Rounds a job gets unasked: as it was submitted, and once more at higher quality. A retry by request adds one. */
const MAX_ROUNDS = 2;

/** Why the work of a round came to nothing. */
export const BELOW_QUALITY = 'below_quality';

/** What a comparison that the job has to pass says about its result; null where it does not have to. */
export function verdictOf(task: TaskRow, body: () => Promise<JobBody>, figures: readonly Figure[]) {
  if (task.kind !== 'quality' || task.required === 0) return null;
  return body().then((known) => ({ body: known, verdict: judge(known.quality ?? { on: 'film' }, figures) }));
}

interface Below {
  job: JobRow;
  task: TaskRow;
  body: JobBody;
  verdict: Verdict;
}

/**
 * In the transaction that accepts a comparison whose figures are too low: the round's work becomes waste, and the job goes
 * on with a round of higher quality or fails, saying what was measured and what was wanted. Nothing of it is published.
 */
export async function endBelow(parts: JobParts, tx: Transaction, { job, task, body, verdict }: Below): Promise<JobRow> {
  const { reason } = verdict;
  await tx.run(wasteSuccesses, { seq: job.seq, cause: BELOW_QUALITY });
  await parts.transitions.task(tx, task, 'failed', { jobId: job.id, reason });
  const again = verdict.mayImprove && body.quality?.once !== true && task.round < MAX_ROUNDS;
  const round = task.round + 1;
  const plan = again ? planTasks(body, round) : null;
  if (plan === null) return settleJob(parts, tx, job.seq, { failureClass: 'quality', error: reason, reason });
  await beginRound(parts, tx, { job, round, plan, reason: `${reason}: encoded again at higher quality` });
  return settleJob(parts, tx, job.seq);
}

interface Round {
  job: JobRow;
  round: number;
  plan: readonly PlannedTask[];
  /** Why there is another one. */
  reason: string;
}

/** Stores the tasks of a further round and says so in the job's log. They keep the job's place in its lanes. */
export async function beginRound(parts: JobParts, tx: Transaction, { job, round, plan, reason }: Round): Promise<void> {
  const { seq, queue, priority, tenant_id: tenantId } = job;
  const ids = plan.map(() => parts.newId());
  const now = parts.clock.now();
  const rows: Value[][] = [];
  const needs: Value[][] = [];
  for (const [index, task] of plan.entries()) {
    const id = ids[index] ?? '';
    const classId = await internClass(parts, tx, { queue, priority, requirement: task.requirement });
    const ready = task.needs.length === 0;
    const position = (round - 1) * plan.length + index;
    const place = { classId, claimable: ready, due: null };
    const state = ready ? ('ready' as const) : ('blocked' as const);
    rows.push([...taskValues({ id, seq, position, tenantId, task, state, place, queuedAt: now }), round]);
    for (const need of task.needs) needs.push([id, ids[need] ?? '']);
    if (ready) tx.afterCommit(() => parts.lanes.apply({ classId, tenantId, ord: seq, since: now, delta: 1 }));
  }
  await insertRoundTasks(tx.run, rows);
  await insertNeeds(tx.run, needs);
  parts.events.append(tx, { tenantId, jobId: job.id, kind: 'job', from: job.state, to: job.state, reason });
}

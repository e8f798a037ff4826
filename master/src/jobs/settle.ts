import { deriveJobState } from '@ffrtmp/shared/job/state';
import type { Transaction } from '../database/commit.ts';
import type { JobParts } from './parts.ts';
import { dependentsOf, type JobRow, jobBySeq, openNeedsOf, type TaskRow, tasksOfJob } from './store.ts';
import type { JobChange } from './transition.ts';

export async function requireJobRow(tx: Pick<Transaction, 'run'>, seq: number): Promise<JobRow> {
  const [job] = await tx.run(jobBySeq, { seq });
  if (!job) throw new Error(`job ${seq} is gone`);
  return job;
}

/** When a task of the job that becomes ready now may start, or null for at once: `not_before` outlives pause and retry. */
export const dueOf = (parts: Pick<JobParts, 'clock'>, job: JobRow) =>
  job.not_before !== null && job.not_before > parts.clock.now() ? job.not_before : null;

/** Brings the job's state in line with its tasks. Every verb that touched a task ends with this. */
export async function settleJob(
  parts: JobParts,
  tx: Transaction,
  seq: number,
  change: JobChange = {},
): Promise<JobRow> {
  const job = await requireJobRow(tx, seq);
  return settleKnown(parts, tx, { job, tasks: await tx.run(tasksOfJob, { seq }) }, change);
}

/** The same where this transaction has read the job and left its tasks as they are given here. */
export function settleKnown(
  parts: JobParts,
  tx: Transaction,
  { job, tasks }: { job: JobRow; tasks: readonly TaskRow[] },
  change: JobChange = {},
): Promise<JobRow> {
  const state = deriveJobState(
    tasks.map((task) => ({ state: task.state, required: task.required === 1, round: task.round })),
  );
  return parts.transitions.job(tx, job, state, change);
}

/** After a task succeeded: whatever waited only for it becomes ready. */
export async function unblockDependents(parts: JobParts, tx: Transaction, task: TaskRow, jobId: string): Promise<void> {
  for (const dependent of await tx.run(dependentsOf, { id: task.id })) {
    if (dependent.state !== 'blocked') continue;
    const open = await tx.run(openNeedsOf, { id: dependent.id });
    if (open.length === 0) await parts.transitions.task(tx, dependent, 'ready', { jobId, reason: 'its needs are met' });
  }
}

/** After a task failed for good: what needed it can never run. */
export async function skipDependents(parts: JobParts, tx: Transaction, task: TaskRow, jobId: string): Promise<void> {
  for (const dependent of await tx.run(dependentsOf, { id: task.id })) {
    if (dependent.state !== 'blocked' && dependent.state !== 'ready') continue;
    const skipped = await parts.transitions.task(tx, dependent, 'skipped', { jobId, reason: 'a task it needs failed' });
    await skipDependents(parts, tx, skipped, jobId);
  }
}

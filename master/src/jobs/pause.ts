import { FfrtmpError } from '@ffrtmp/shared/contract/errors';
import { isTerminalJob } from '@ffrtmp/shared/job/state';
import { endLiveAttempt } from './end-attempts.ts';
import type { JobParts } from './parts.ts';
import { dueOf, requireJobRow, settleJob } from './settle.ts';
import { openNeedsOf, tasksOfJob } from './store.ts';

/** Holds a job back. A running attempt ends and is repeated on resume; tasks that succeeded keep their results. */
export async function pause(parts: JobParts, seq: number): Promise<void> {
  await parts.db.write(async (tx) => {
    const job = await requireJobRow(tx, seq);
    if (isTerminalJob(job.state))
      throw new FfrtmpError('conflict', `the job is ${job.state}: there is nothing to pause`);
    for (const task of await tx.run(tasksOfJob, { seq })) {
      if (task.state === 'active') await endLiveAttempt(parts, tx, job, task, 'pause');
      const open = task.state === 'ready' || task.state === 'active' || task.state === 'blocked';
      if (open) await parts.transitions.task(tx, task, 'paused', { jobId: job.id });
    }
    await settleJob(parts, tx, seq, { reason: 'paused by request' });
  });
}

export async function resume(parts: JobParts, seq: number): Promise<void> {
  await parts.db.write(async (tx) => {
    const job = await requireJobRow(tx, seq);
    if (job.state !== 'paused') throw new FfrtmpError('conflict', `the job is ${job.state}, not paused`);
    const dueAt = dueOf(parts, job);
    for (const task of await tx.run(tasksOfJob, { seq })) {
      if (task.state !== 'paused') continue;
      const open = await tx.run(openNeedsOf, { id: task.id });
      await parts.transitions.task(tx, task, open.length === 0 ? 'ready' : 'blocked', { jobId: job.id, dueAt });
    }
    await settleJob(parts, tx, seq, { reason: 'resumed by request' });
    if (dueAt !== null) tx.afterCommit(parts.onDueChanged);
  });
}

import { FfrtmpError } from '@ffrtmp/shared/contract/errors';
import { isTerminalJob, isTerminalTask } from '@ffrtmp/shared/job/state';
import { endLiveAttempt } from './end-attempts.ts';
import type { JobParts } from './parts.ts';
import { requireJobRow, settleJob } from './settle.ts';
import { tasksOfJob } from './store.ts';

/** Ends a job that has not ended. The attempt is fenced in this commit; its process is killed by the order that follows. */
export async function cancel(parts: JobParts, seq: number): Promise<void> {
  await parts.db.write(async (tx) => {
    const job = await requireJobRow(tx, seq);
    if (isTerminalJob(job.state))
      throw new FfrtmpError('conflict', `the job is ${job.state}: there is nothing to cancel`);
    for (const task of await tx.run(tasksOfJob, { seq })) {
      if (isTerminalTask(task.state)) continue;
      if (task.state === 'active') await endLiveAttempt(parts, tx, job, task, 'cancel');
      await parts.transitions.task(tx, task, 'canceled', { jobId: job.id });
    }
    await settleJob(parts, tx, seq, { reason: 'canceled by request' });
  });
}

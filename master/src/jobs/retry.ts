import { FfrtmpError } from '@ffrtmp/shared/contract/errors';
import { isTerminalTask } from '@ffrtmp/shared/job/state';
import type { JobParts } from './parts.ts';
import { dueOf, requireJobRow } from './settle.ts';
import { openNeedsOf, tasksOfJob } from './store.ts';

/** Runs a failed or canceled job again: succeeded tasks keep their results, all others start over with fresh counters. */
export async function retry(parts: JobParts, seq: number): Promise<void> {
  await parts.db.write(async (tx) => {
    const job = await requireJobRow(tx, seq);
    if (job.state !== 'failed' && job.state !== 'canceled') {
      throw new FfrtmpError('conflict', `the job is ${job.state}: only a failed or canceled job is retried`);
    }
    const { tenant_id: tenant, input_sha256: input } = job;
    if (input !== null && !(await parts.holdFile(tx.run, tenant, input)))
      throw new FfrtmpError('conflict', `its input ${input} was pruned: upload it again, then retry`);
    await parts.transitions.job(tx, job, 'pending', { reason: 'retried by request', retryCount: 0 });
    const dueAt = dueOf(parts, job);
    for (const task of await tx.run(tasksOfJob, { seq })) {
      if (!isTerminalTask(task.state) || task.state === 'succeeded') continue;
      const open = await tx.run(openNeedsOf, { id: task.id });
      const to = open.length === 0 && task.state !== 'skipped' ? 'ready' : 'blocked';
      await parts.transitions.task(tx, task, to, {
        jobId: job.id,
        reason: 'retried by request',
        dueAt,
        failures: 0,
        losses: 0,
        avoidNodeId: null,
      });
    }
    if (dueAt !== null) tx.afterCommit(parts.onDueChanged);
  });
}

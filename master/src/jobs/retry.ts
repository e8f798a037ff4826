import { FfrtmpError } from '@ffrtmp/shared/contract/errors';
import { isTerminalTask, latestRound } from '@ffrtmp/shared/job/state';
import type { Transaction } from '../database/commit.ts';
import type { JobParts } from './parts.ts';
import { planTasks } from './plan.ts';
import { beginRound } from './rounds.ts';
import { dueOf, requireJobRow } from './settle.ts';
import { type JobRow, openNeedsOf, type TaskRow, tasksOfJob } from './store.ts';
import { readBody } from './view.ts';

/**
 * Runs a failed or canceled job again: succeeded tasks keep their results, all others start over with fresh counters. A
 * job whose result was below the quality it asks for has nothing left to start over: it gets a further round.
 */
export async function retry(parts: JobParts, seq: number): Promise<void> {
  await parts.db.write(async (tx) => {
    const job = await requireJobRow(tx, seq);
    if (job.state !== 'failed' && job.state !== 'canceled') {
      throw new FfrtmpError('conflict', `the job is ${job.state}: only a failed or canceled job is retried`);
    }
    const { tenant_id: tenant, input_sha256: input } = job;
    if (input !== null && !(await parts.holdFile(tx.run, tenant, input)))
      throw new FfrtmpError('conflict', `its input ${input} was pruned: upload it again, then retry`);
    const tasks = latestRound(await tx.run(tasksOfJob, { seq }));
    const plan = job.failure_class === 'quality' ? await nextRound(tx, job, tasks) : null;
    const again = await parts.transitions.job(tx, job, 'pending', { reason: 'retried by request', retryCount: 0 });
    if (plan) return beginRound(parts, tx, { job: again, ...plan, reason: 'retried by request at higher quality' });
    const dueAt = dueOf(parts, job);
    for (const task of tasks) {
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

async function nextRound(tx: Transaction, job: JobRow, tasks: readonly TaskRow[]) {
  const round = (tasks[0]?.round ?? 1) + 1;
  const plan = planTasks(await readBody(tx.run, job.seq), round);
  if (plan === null) throw new FfrtmpError('conflict', 'its encode has no higher quality left: submit another one');
  return { round, plan };
}

import { FfrtmpError } from '@ffrtmp/shared/contract/errors';
import type { Priority, Queue } from '@ffrtmp/shared/job/job';
import { isTerminalJob } from '@ffrtmp/shared/job/state';
import type { JobParts } from './parts.ts';
import { requireJobRow } from './settle.ts';
import { setQueue, setTaskClass, tasksOfJob } from './store.ts';
import { internClass } from './submit.ts';

/** Moves a job to another queue or priority; tasks that wait move with it and keep their place by age. */
export async function update(
  parts: JobParts,
  seq: number,
  change: { queue?: Queue | undefined; priority?: Priority | undefined },
): Promise<void> {
  await parts.db.write(async (tx) => {
    const job = await requireJobRow(tx, seq);
    if (isTerminalJob(job.state))
      throw new FfrtmpError('conflict', `the job is ${job.state}: its place in the queue no longer matters`);
    const queue = change.queue ?? job.queue;
    const priority = change.priority ?? job.priority;
    if (queue === job.queue && priority === job.priority) return;
    await tx.run(setQueue, { seq, queue, priority });
    for (const task of await tx.run(tasksOfJob, { seq })) {
      const facts = parts.lanes.of(task.class_id);
      if (!facts) continue;
      const classId = await internClass(parts, tx, { queue, priority, requirement: facts.requirement });
      await tx.run(setTaskClass, { id: task.id, classId });
      if (task.claimable === 0) continue;
      const { tenant_id: tenantId, ord, class_id: before } = task;
      tx.afterCommit(() => {
        parts.lanes.apply({ classId: before, tenantId, ord, delta: -1 });
        parts.lanes.apply({ classId, tenantId, ord, delta: 1 });
      });
    }
    await parts.events.append(tx, {
      tenantId: job.tenant_id,
      jobId: job.id,
      kind: 'job',
      from: job.state,
      to: job.state,
      reason: `moved to ${queue}/${priority}`,
    });
  });
}

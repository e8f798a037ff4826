import { FfrtmpError } from '@ffrtmp/shared/contract/errors';
import type { Priority, Queue } from '@ffrtmp/shared/job/job';
import { isTerminalJob } from '@ffrtmp/shared/job/state';
import type { Transaction } from '../database/commit.ts';
import { internClass } from './enqueue.ts';
import { laneChange } from './lanes.ts';
import type { JobParts } from './parts.ts';
import { requireJobRow } from './settle.ts';
import { type JobRow, setPlace, setTaskClass, tasksOfJob } from './store.ts';

export interface Change {
  queue?: Queue | undefined;
  priority?: Priority | undefined;
  /** ISO 8601, or null to take it away. */
  deadline?: string | null | undefined;
}

/** Moves a job to another queue or priority, or gives it another deadline. */
export async function update(parts: JobParts, seq: number, change: Change): Promise<void> {
  await parts.db.write(async (tx) => {
    const job = await requireJobRow(tx, seq);
    if (isTerminalJob(job.state))
      throw new FfrtmpError('conflict', `the job is ${job.state}: its place in the queue no longer matters`);
    const queue = change.queue ?? job.queue;
    const priority = change.priority ?? job.priority;
    const wanted = change.deadline === null ? null : Date.parse(change.deadline ?? '');
    const deadline = change.deadline === undefined ? job.deadline : wanted;
    const moves = queue !== job.queue || priority !== job.priority;
    if (!moves && deadline === job.deadline) return;
    await tx.run(setPlace, { seq, queue, priority, deadline });
    if (moves) await moveTasks(parts, tx, job, { queue, priority });
    const due = deadline === null ? 'no deadline' : `deadline ${new Date(deadline).toISOString()}`;
    await parts.events.append(tx, {
      tenantId: job.tenant_id,
      jobId: job.id,
      kind: 'job',
      from: job.state,
      to: job.state,
      reason: moves ? `moved to ${queue}/${priority}` : due,
    });
  });
}

/** Tasks that wait move with their job and keep their place by age. */
async function moveTasks(parts: JobParts, tx: Transaction, job: JobRow, to: { queue: Queue; priority: Priority }) {
  for (const task of await tx.run(tasksOfJob, { seq: job.seq })) {
    const facts = parts.lanes.of(task.class_id);
    if (!facts) continue;
    const classId = await internClass(parts, tx, { ...to, requirement: facts.requirement });
    await tx.run(setTaskClass, { id: task.id, classId });
    if (task.claimable === 0) continue;
    tx.afterCommit(() => {
      parts.lanes.apply(laneChange(task, -1));
      parts.lanes.apply(laneChange({ ...task, class_id: classId }, 1));
    });
  }
}

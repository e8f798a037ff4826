import type { Clock } from '@ffrtmp/runtime/clock';
import { FfrtmpError } from '@ffrtmp/shared/contract/errors';
import type { FailureClass, JobFailureClass } from '@ffrtmp/shared/job/outcome';
import {
  type AttemptState,
  attemptTransitions,
  isLegal,
  isLiveAttempt,
  isTerminalJob,
  type JobState,
  jobTransitions,
  type TaskState,
  taskTransitions,
} from '@ffrtmp/shared/job/state';
import type { Transaction } from '../database/commit.ts';
import { p, statement } from '../database/statement.ts';
import type { EventLog } from '../events/log.ts';
import { type Lanes, laneChange } from './lanes.ts';
import type { AttemptRow, JobRow, TaskRow } from './store.ts';

/**
 * The one writer of state. Every change is a conditional update from the state that was read, allowed by the transition
 * table, and writes its event in the same commit. Zero rows changed is a conflict, never a silent overwrite. The row as
 * it is now follows from the one that was read: asking the database for all of it again costs 5 us a change.
 */
export interface Transitions {
  job: (tx: Transaction, job: JobRow, to: JobState, change?: JobChange) => Promise<JobRow>;
  task: (tx: Transaction, task: TaskRow, to: TaskState, change: TaskChange) => Promise<TaskRow>;
  attempt: (tx: Transaction, attempt: AttemptRow, to: AttemptState, change: AttemptChange) => Promise<AttemptRow>;
  /** Makes a ready task that waited for its time claimable. */
  release: (tx: Transaction, task: TaskRow) => Promise<void>;
}

export interface JobChange {
  reason?: string | null;
  failureClass?: JobFailureClass | null;
  error?: string | null;
  quarantined?: boolean;
  retryCount?: number;
}
export interface TaskChange {
  jobId: string;
  reason?: string | null;
  /** For `ready`: earliest start, or null for now. */
  dueAt?: number | null;
  failures?: number;
  losses?: number;
  attempts?: number;
  avoidNodeId?: string | null;
}
export interface AttemptChange {
  jobId: string;
  reason?: string | null;
  cause?: string | null;
  failureClass?: FailureClass | null;
  error?: string | null;
}

export const updateJob = statement((q) =>
  q
    .updateTable('jobs')
    .set({
      state: p('to'),
      failure_class: p('failureClass'),
      error: p('error'),
      quarantined: p('quarantined'),
      retry_count: p('retryCount'),
      started_at: p('started'),
      completed_at: p('completed'),
    })
    .where('seq', '=', p<number>('seq'))
    .where('state', '=', p<JobState>('from')),
);
export const updateTask = statement((q) =>
  q
    .updateTable('tasks')
    .set({
      state: p('to'),
      claimable: p('claimable'),
      due_at: p('due'),
      failures: p('failures'),
      losses: p('losses'),
      attempts: p('attempts'),
      avoid_node_id: p('avoid'),
    })
    .where('id', '=', p<string>('id'))
    .where('state', '=', p<TaskState>('from')),
);
export const updateAttempt = statement((q) =>
  q
    .updateTable('attempts')
    .set({
      state: p('to'),
      cause: p('cause'),
      failure_class: p('failureClass'),
      error: p('error'),
      started_at: p('started'),
      ended_at: p('ended'),
    })
    .where('id', '=', p<string>('id'))
    .where('state', '=', p<AttemptState>('from')),
);
export const releaseTask = statement((q) =>
  q
    .updateTable('tasks')
    .set({ claimable: 1, due_at: null })
    .where('id', '=', p<string>('id'))
    .where('state', '=', 'ready')
    .where('claimable', '=', 0)
    // Another look may have been older than a new delay.
    .where('due_at', '<=', p<number>('now'))
    .returningAll(),
);

const illegal = (what: string, from: string, to: string) =>
  new FfrtmpError('conflict', `a ${from} ${what} cannot become ${to}`);
const moved = (what: string) => new FfrtmpError('conflict', `the ${what} changed meanwhile; read it again`);

interface Parts {
  clock: Clock;
  events: EventLog;
  lanes: Lanes;
  /** Told of every new state of an attempt once it is durable. */
  onAttempt: (attempt: AttemptRow) => void;
}

export const createTransitions = (parts: Parts): Transitions => ({
  job: (tx, job, to, change) => setJob(parts, tx, job, to, change),
  task: (tx, task, to, change) => setTask(parts, tx, task, to, change),
  attempt: (tx, attempt, to, change) => setAttempt(parts, tx, attempt, to, change),
  release: (tx, task) => releaseDue(parts, tx, task),
});

async function setJob(
  { clock, events }: Parts,
  tx: Transaction,
  job: JobRow,
  to: JobState,
  change: JobChange = {},
): Promise<JobRow> {
  if (job.state === to) return job;
  if (!isLegal(jobTransitions, job.state, to)) throw illegal('job', job.state, to);
  const restarted = to === 'pending' && isTerminalJob(job.state);
  const row: JobRow = {
    ...job,
    state: to,
    failure_class: change.failureClass ?? (restarted ? null : job.failure_class),
    error: change.error ?? (restarted ? null : job.error),
    quarantined: Number(change.quarantined ?? (restarted ? false : job.quarantined === 1)),
    retry_count: change.retryCount ?? job.retry_count,
    started_at: job.started_at ?? (to === 'running' ? clock.now() : null),
    completed_at: isTerminalJob(to) ? clock.now() : null,
  };
  const changed = await tx.run(updateJob, {
    seq: job.seq,
    from: job.state,
    to,
    failureClass: row.failure_class,
    error: row.error,
    quarantined: row.quarantined,
    retryCount: row.retry_count,
    started: row.started_at,
    completed: row.completed_at,
  });
  if (changed.length === 0) throw moved('job');
  events.append(tx, {
    tenantId: job.tenant_id,
    jobId: job.id,
    kind: 'job',
    from: job.state,
    to,
    reason: change.reason ?? null,
    submittedAt: job.created_at,
  });
  return row;
}

async function setTask(
  { events, lanes }: Parts,
  tx: Transaction,
  task: TaskRow,
  to: TaskState,
  change: TaskChange,
): Promise<TaskRow> {
  if (task.state === to) return task;
  if (!isLegal(taskTransitions, task.state, to)) throw illegal('task', task.state, to);
  const due = to === 'ready' ? (change.dueAt ?? null) : null;
  const claimable = Number(to === 'ready' && due === null);
  const row: TaskRow = {
    ...task,
    state: to,
    claimable,
    due_at: due,
    failures: change.failures ?? task.failures,
    losses: change.losses ?? task.losses,
    attempts: change.attempts ?? task.attempts,
    avoid_node_id: change.avoidNodeId === undefined ? task.avoid_node_id : change.avoidNodeId,
  };
  const changed = await tx.run(updateTask, {
    id: task.id,
    from: task.state,
    to,
    claimable,
    due,
    failures: row.failures,
    losses: row.losses,
    attempts: row.attempts,
    avoid: row.avoid_node_id,
  });
  if (changed.length === 0) throw moved('task');
  if (claimable !== task.claimable) {
    tx.afterCommit(() => lanes.apply(laneChange(row, claimable === 1 ? 1 : -1)));
  }
  events.append(tx, {
    tenantId: task.tenant_id,
    jobId: change.jobId ?? null,
    taskId: task.id,
    kind: 'task',
    from: task.state,
    to,
    reason: change.reason ?? null,
  });
  return row;
}

async function setAttempt(
  { clock, events, onAttempt }: Parts,
  tx: Transaction,
  attempt: AttemptRow,
  to: AttemptState,
  change: AttemptChange,
): Promise<AttemptRow> {
  if (attempt.state === to) return attempt;
  if (!isLegal(attemptTransitions, attempt.state, to)) throw illegal('attempt', attempt.state, to);
  const row: AttemptRow = {
    ...attempt,
    state: to,
    cause: change.cause ?? null,
    failure_class: change.failureClass ?? null,
    error: change.error ?? null,
    started_at: attempt.started_at ?? (to === 'running' ? clock.now() : null),
    ended_at: !isLiveAttempt(to) ? clock.now() : null,
  };
  const changed = await tx.run(updateAttempt, {
    id: attempt.id,
    from: attempt.state,
    to,
    cause: row.cause,
    failureClass: row.failure_class,
    error: row.error,
    started: row.started_at,
    ended: row.ended_at,
  });
  if (changed.length === 0) throw moved('attempt');
  tx.afterCommit(() => onAttempt(row));
  events.append(tx, {
    tenantId: attempt.tenant_id,
    jobId: change.jobId ?? null,
    taskId: attempt.task_id,
    attemptId: attempt.id,
    kind: 'attempt',
    from: attempt.state,
    to,
    reason: change.reason ?? change.cause ?? null,
  });
  return row;
}

async function releaseDue({ clock, lanes }: Parts, tx: Transaction, task: TaskRow): Promise<void> {
  const [row] = await tx.run(releaseTask, { id: task.id, now: clock.now() });
  if (!row) return;
  tx.afterCommit(() => lanes.apply(laneChange(row, 1)));
}

import type { JobRequest } from '@ffrtmp/shared/job/job';
import type { Transaction } from '../database/commit.ts';
import { insertRows } from '../database/rows.ts';
import type { Value } from '../database/statement.ts';
import { canonical, type RequirementClass } from '../scheduling/fits.ts';
import { firstHold, noHolds } from '../scheduling/holds.ts';
import type { LaneChange } from './lanes.ts';
import type { JobParts } from './parts.ts';
import { type JobBody, type PlannedTask, planTasks } from './plan.ts';
import { insertClass, type JobRow } from './store.ts';

/** A job on its way into the store, with everything that can be worked out before the transaction. */
export interface JobDraft {
  request: JobRequest;
  body: JobBody;
  bodyText: string;
  tasks: readonly PlannedTask[];
}

export const draftOf = (request: JobRequest, body: JobBody): JobDraft => ({
  request,
  body,
  bodyText: JSON.stringify(body),
  tasks: planTasks(body),
});

const jobColumns = [
  ...['id', 'tenant_id', 'state', 'queue', 'priority', 'retry_count', 'max_retries', 'not_before', 'failure_class'],
  ...['quarantined', 'error', 'created_at', 'started_at', 'completed_at', 'deadline', 'input_sha256'],
] as (keyof JobRow)[];
const insertJobs = insertRows('jobs', jobColumns, 'seq');
const insertBodies = insertRows('job_bodies', ['job_seq', 'body']);
const insertLabels = insertRows('job_labels', ['tenant_id', 'name', 'value', 'job_seq']);

export const taskColumns = [
  ...['id', 'job_seq', 'position', 'tenant_id', 'kind', 'mode', 'state', 'required', 'class_id', 'ord', 'claimable'],
  ...['due_at', 'attempts', 'failures', 'losses', 'avoid_node_id', 'queued_at'],
] as const;
const insertTasks = insertRows('tasks', taskColumns as never);
export const insertNeeds = insertRows('task_needs', ['task_id', 'needs_id']);

const timeOf = (text: string | undefined) => (text === undefined ? null : Date.parse(text));

/** A job that is about to be stored: its row gets its number when it is. */
interface NewJob {
  row: JobRow;
  draft: JobDraft;
}

/** The number of a row that has none yet. */
const UNNUMBERED = 0;

/** The row of a job that nothing has happened to. */
function newJob(parts: JobParts, tenant: string, draft: JobDraft): NewJob {
  const { request, body } = draft;
  const row: JobRow = {
    seq: UNNUMBERED,
    id: parts.newId(),
    tenant_id: tenant,
    state: 'pending',
    queue: request.queue,
    priority: request.priority,
    retry_count: 0,
    max_retries: request.max_retries ?? parts.defaultMaxRetries,
    not_before: timeOf(request.not_before),
    failure_class: null,
    quarantined: 0,
    error: null,
    created_at: parts.clock.now(),
    started_at: null,
    completed_at: null,
    deadline: timeOf(request.deadline),
    input_sha256: body.input?.sha256 ?? null,
  };
  return { row, draft };
}

/** What the submits of a transaction have gathered so far. */
const gatheredJobs = new WeakMap<Transaction, NewJob[]>();

/**
 * Leaves jobs to the last statements of the transaction, where those of all its submits are stored together: a row costs
 * half as much in a statement of many. Their rows have no number before the commit.
 */
export function enqueue(parts: JobParts, tx: Transaction, tenant: string, drafts: readonly JobDraft[]): JobRow[] {
  const jobs = drafts.map((draft) => newJob(parts, tenant, draft));
  const known = gatheredJobs.get(tx);
  if (known) known.push(...jobs);
  else {
    gatheredJobs.set(tx, jobs.slice());
    tx.beforeCommit(() => storeJobs(parts, tx, gatheredJobs.get(tx) ?? []));
  }
  return jobs.map(({ row }) => row);
}

/** Stores jobs at once, for who needs their numbers within the transaction. */
export async function enqueueNow(parts: JobParts, tx: Transaction, tenant: string, drafts: readonly JobDraft[]) {
  const jobs = drafts.map((draft) => newJob(parts, tenant, draft));
  await storeJobs(parts, tx, jobs);
  return jobs.map(({ row }) => row);
}

/** Stores jobs, their tasks and events within a transaction: one statement a table and dozens of rows. */
async function storeJobs(parts: JobParts, tx: Transaction, jobs: readonly NewJob[]): Promise<void> {
  const numbers = await insertJobs(
    tx.run,
    jobs.map(({ row }) => jobColumns.map((column) => row[column])),
  );
  const labels: Value[][] = [];
  const bodies: Value[][] = [];
  for (const [at, { row, draft }] of jobs.entries()) {
    row.seq = numbers[at] ?? UNNUMBERED;
    bodies.push([row.seq, draft.bodyText]);
    for (const [name, value] of Object.entries(draft.body.labels)) labels.push([row.tenant_id, name, value, row.seq]);
  }
  await insertBodies(tx.run, bodies);
  await insertLabels(tx.run, labels);
  await storeTasks(parts, tx, jobs);
  for (const { row } of jobs)
    parts.events.append(tx, {
      tenantId: row.tenant_id,
      jobId: row.id,
      kind: 'job',
      to: 'pending',
      reason: 'submitted',
    });
}

/** What the tasks of some jobs come to: rows to insert, and lanes that grow after the commit. */
interface Gathered {
  rows: Value[][];
  needs: Value[][];
  changes: LaneChange[];
  waits: boolean;
}

async function storeTasks(parts: JobParts, tx: Transaction, jobs: readonly NewJob[]): Promise<void> {
  const gathered: Gathered = { rows: [], needs: [], changes: [], waits: false };
  for (const { row, draft } of jobs) await gatherTasks(parts, tx, row, draft.tasks, gathered);
  await insertTasks(tx.run, gathered.rows);
  await insertNeeds(tx.run, gathered.needs);
  tx.afterCommit(() => {
    for (const change of gathered.changes) parts.lanes.apply(change);
    if (gathered.waits) parts.onDueChanged();
  });
}

async function gatherTasks(
  parts: JobParts,
  tx: Transaction,
  job: JobRow,
  tasks: readonly PlannedTask[],
  gathered: Gathered,
): Promise<void> {
  const { seq, queue, priority, tenant_id: tenantId, created_at: now, not_before: notBeforeMs } = job;
  const due = notBeforeMs === null ? null : (firstHold({ ...noHolds, notBeforeMs }, now)?.untilMs ?? null);
  if (due !== null) gathered.waits = true;
  const ids = tasks.map(() => parts.newId());
  for (const [position, task] of tasks.entries()) {
    const id = ids[position] ?? '';
    const classId = await internClass(parts, tx, { queue, priority, requirement: task.requirement });
    const ready = task.needs.length === 0;
    const claimable = ready && due === null;
    const state = ready ? 'ready' : 'blocked';
    const place = { classId, claimable, due: ready ? due : null };
    // Before its time a task does not wait for its turn: it would come into its queue aged by days.
    gathered.rows.push(taskValues({ id, seq, position, tenantId, task, state, place, queuedAt: due ?? now }));
    for (const need of task.needs) gathered.needs.push([id, ids[need] ?? '']);
    if (claimable) gathered.changes.push({ classId, tenantId, ord: seq, since: now, delta: 1 });
  }
}

interface NewTask {
  id: string;
  seq: number;
  position: number;
  tenantId: string;
  task: PlannedTask;
  state: 'ready' | 'blocked';
  place: { classId: number; claimable: boolean; due: number | null };
  queuedAt: number;
}

/** In the order of `taskColumns`; its place in the lane is the job's number. */
export const taskValues = ({ id, seq, position, tenantId, task, state, place, queuedAt }: NewTask): Value[] => [
  id,
  seq,
  position,
  tenantId,
  task.kind,
  task.mode,
  state,
  Number(task.required),
  place.classId,
  seq,
  Number(place.claimable),
  place.due,
  0,
  0,
  0,
  null,
  queuedAt,
];

/** The id of a requirement class; a new one is stored in the same commit and known to the lanes after it. */
export async function internClass(
  parts: Pick<JobParts, 'lanes'>,
  tx: Transaction,
  facts: RequirementClass,
): Promise<number> {
  const known = parts.lanes.classId(facts);
  if (known !== undefined) return known;
  const [row] = await tx.run(insertClass, { body: canonical(facts) });
  const id = row?.id ?? 0;
  tx.afterCommit(() => parts.lanes.defineClass(id, facts));
  return id;
}

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

const taskColumns = [
  ...['id', 'job_seq', 'position', 'tenant_id', 'kind', 'mode', 'state', 'required', 'class_id', 'ord', 'claimable'],
  ...['due_at', 'attempts', 'failures', 'losses', 'avoid_node_id', 'queued_at'],
] as const;
const insertTasks = insertRows('tasks', taskColumns as never);
const insertNeeds = insertRows('task_needs', ['task_id', 'needs_id']);

const timeOf = (text: string | undefined) => (text === undefined ? null : Date.parse(text));

/** The row of a job that nothing has happened to, but for its number. */
const newRow = (parts: JobParts, tenant: string, { request, body }: JobDraft, now: number): Omit<JobRow, 'seq'> => ({
  id: parts.newId(),
  tenant_id: tenant,
  ...{ state: 'pending', queue: request.queue, priority: request.priority },
  ...{ retry_count: 0, max_retries: request.max_retries ?? parts.defaultMaxRetries },
  not_before: timeOf(request.not_before),
  ...{ failure_class: null, quarantined: 0, error: null },
  ...{ created_at: now, started_at: null, completed_at: null },
  deadline: timeOf(request.deadline),
  input_sha256: body.input?.sha256 ?? null,
});

/** Stores jobs, their tasks and events within a transaction: one statement a table and dozens of rows. */
export async function storeJobs(
  parts: JobParts,
  tx: Transaction,
  tenant: string,
  drafts: readonly JobDraft[],
): Promise<JobRow[]> {
  const now = parts.clock.now();
  const made = drafts.map((draft) => newRow(parts, tenant, draft, now));
  const numbers = await insertJobs(
    tx.run,
    made.map((row) => jobColumns.map((column) => row[column as keyof typeof row])),
  );
  const jobs = made.map((row, at): JobRow => ({ ...row, seq: numbers[at] ?? 0 }));
  const labels: Value[][] = [];
  const bodies: Value[][] = [];
  for (const [at, { body, bodyText }] of drafts.entries()) {
    const seq = numbers[at] ?? 0;
    bodies.push([seq, bodyText]);
    for (const [name, value] of Object.entries(body.labels)) labels.push([tenant, name, value, seq]);
  }
  await insertBodies(tx.run, bodies);
  await insertLabels(tx.run, labels);
  await storeTasks(parts, tx, jobs, drafts);
  for (const { id } of jobs)
    parts.events.append(tx, { tenantId: tenant, jobId: id, kind: 'job', to: 'pending', reason: 'submitted' });
  return jobs;
}

/** What the tasks of some jobs come to: rows to insert, and lanes that grow after the commit. */
interface Gathered {
  rows: Value[][];
  needs: Value[][];
  changes: LaneChange[];
  waits: boolean;
}

async function storeTasks(
  parts: JobParts,
  tx: Transaction,
  jobs: readonly JobRow[],
  drafts: readonly JobDraft[],
): Promise<void> {
  const gathered: Gathered = { rows: [], needs: [], changes: [], waits: false };
  for (const [at, job] of jobs.entries()) await gatherTasks(parts, tx, job, drafts[at]?.tasks ?? [], gathered);
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
    gathered.rows.push([
      ...[id, seq, position, tenantId, task.kind, task.mode, ready ? 'ready' : 'blocked', Number(task.required)],
      ...[classId, seq, Number(claimable), ready ? due : null, 0, 0, 0, null],
      // Before its time a task does not wait for its turn: it would come into its queue aged by days.
      due ?? now,
    ]);
    for (const need of task.needs) gathered.needs.push([id, ids[need] ?? '']);
    if (claimable) gathered.changes.push({ classId, tenantId, ord: seq, since: now, delta: 1 });
  }
}

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

import type { Figure } from '@ffrtmp/shared/energy/figure';
import type { Attempt } from '@ffrtmp/shared/job/attempt';
import { type Job, weightOf } from '@ffrtmp/shared/job/job';
import { isTerminalJob, latestRound } from '@ffrtmp/shared/job/state';
import type { Artifact, Requirement, Task, TaskSpec } from '@ffrtmp/shared/job/task';
import { iso, isoOrNull } from '../clock.ts';
import type { Run } from '../database/statement.ts';
import { figuresOfAttempt, type StoredFigures } from './figures.ts';
import type { StoredResult } from './finish.ts';
import type { JobParts } from './parts.ts';
import { type JobBody, plannedTask } from './plan.ts';
import { powerOfAttempt } from './power-store.ts';
import { pricesOfAttempt } from './price-store.ts';
import {
  type ArtifactRow,
  type AttemptRow,
  artifactsOfAttempt,
  artifactsOfTask,
  attemptsOfJob,
  type JobRow,
  jobBody,
  latestAttempt,
  needsOf,
  resultOf,
  type TaskRow,
  taskBody,
  tasksOfJob,
} from './store.ts';

export async function readBody(run: Run, seq: number): Promise<JobBody> {
  const [row] = await run(jobBody, { seq });
  if (!row) throw new Error(`job ${seq} has no body`);
  return JSON.parse(row.body) as JobBody;
}

const artifactView = ({ role, idx, sha256, bytes, name }: ArtifactRow): Artifact => ({
  role,
  index: idx,
  sha256,
  bytes,
  name,
});

/** A job as the API shows it. */
export async function viewJob(parts: JobParts, run: Run, job: JobRow): Promise<Job> {
  const body = await readBody(run, job.seq);
  // The first claim of any of its tasks makes a job start: before that there is no attempt to look for.
  const [latest] = job.started_at === null ? [] : await run(latestAttempt, { seq: job.seq });
  const tasks = job.state === 'pending' ? [] : await run(tasksOfJob, { seq: job.seq });
  const published = await publishedOutputs(parts, run, job, tasks);
  return jobView(parts, { job, body, nodeId: latest?.node_id ?? null, published });
}

type Published = ArtifactRow & { prunedAt: number | undefined };

interface Known {
  job: JobRow;
  body: JobBody;
  /** Of the latest attempt. */
  nodeId: string | null;
  published: readonly Published[];
}

/** The same from what is known already, without asking the store. */
export function jobView(parts: JobParts, { job, body, nodeId, published }: Known): Job {
  return {
    id: job.id,
    sequence_number: job.seq,
    tenant_id: job.tenant_id,
    ...body,
    queue: job.queue,
    priority: job.priority,
    weight: weightOf(job.queue, job.priority),
    limits: body.limits ?? null,
    quality: body.quality ?? null,
    deadline: isoOrNull(job.deadline),
    overdue: job.deadline !== null && job.deadline < (job.completed_at ?? parts.clock.now()),
    outputs: body.outputs.map(({ name }, index) => {
      const artifact = published.find((one) => one.idx === index);
      const pruned = artifact?.prunedAt === undefined ? {} : { pruned_at: iso(artifact.prunedAt) };
      return { name, sha256: artifact?.sha256 ?? null, bytes: artifact?.bytes ?? null, ...pruned };
    }),
    status: job.state,
    progress: isTerminalJob(job.state) ? null : parts.progressOf(job.id),
    retry_count: job.retry_count,
    max_retries: job.max_retries,
    not_before: isoOrNull(job.not_before),
    error: job.error,
    failure_class: job.failure_class,
    quarantined: job.quarantined === 1,
    node_id: nodeId,
    node_name: nodeId === null ? null : parts.nodeName(nodeId),
    created_at: iso(job.created_at),
    started_at: isoOrNull(job.started_at),
    completed_at: isoOrNull(job.completed_at),
  };
}

/**
 * What a job has published: what its latest round made, once every task of it that is required has succeeded. Where the
 * result has to be as good as the job asks, the comparison is one of them.
 */
export async function publishedOutputs(
  parts: JobParts,
  run: Run,
  job: JobRow,
  tasks: readonly TaskRow[],
): Promise<Published[]> {
  const round = latestRound(tasks);
  const outputs: Published[] = [];
  if (round.some((task) => task.required === 1 && task.state !== 'succeeded')) return outputs;
  for (const task of round.filter(({ kind }) => kind === 'transcode'))
    for (const artifact of await run(artifactsOfTask, { task: task.id }))
      if (artifact.role === 'output')
        outputs.push({ ...artifact, prunedAt: await parts.prunedAt(job.tenant_id, artifact.sha256) });
  return outputs;
}

/**
 * What a task needs and has to do. The plan follows from the job's body alone, so it is worked out again and not stored
 * with each task; a task that stands in no plan, or was stored by an older master, has it beside it.
 */
async function plannedOf(run: Run, task: TaskRow, body: JobBody) {
  const planned = plannedTask(body, task);
  if (planned?.kind === task.kind) return { ...planned, alone: planned.needs.length === 0 };
  const [stored] = await run(taskBody, { id: task.id });
  const { requirement, spec } = JSON.parse(stored?.body ?? '{}') as { requirement: Requirement; spec: TaskSpec };
  return { requirement, spec, alone: false };
}

/** A task with everything an agent needs to run it: the job's own input and what the tasks it needs have made. */
export async function viewTask(run: Run, task: TaskRow, jobId: string, body: JobBody): Promise<Task> {
  const { requirement, spec, alone } = await plannedOf(run, task, body);
  const needs = alone ? [] : (await run(needsOf, { id: task.id })).map((row) => row.needs_id);
  const inputs: Artifact[] = body.input
    ? [{ role: 'input', index: 0, sha256: body.input.sha256, bytes: body.input.bytes, name: body.input.name }]
    : [];
  for (const need of needs) inputs.push(...(await run(artifactsOfTask, { task: need })).map(artifactView));
  // What an attempt has made is recorded in the commit in which its task succeeds, and that state is never left.
  const outputs = task.state === 'succeeded' ? await run(artifactsOfTask, { task: task.id }) : [];
  return {
    id: task.id,
    job_id: jobId,
    kind: task.kind,
    mode: task.mode,
    state: task.state,
    required: task.required === 1,
    round: task.round,
    needs,
    requirement,
    spec,
    inputs,
    outputs: outputs.map((row) => ({ ...artifactView(row), sink: 'file' as const })),
    attempts: task.attempts,
    failures: task.failures,
    losses: task.losses,
    due_at: isoOrNull(task.due_at),
  };
}

export async function viewTasks(run: Run, job: JobRow): Promise<Task[]> {
  const body = await readBody(run, job.seq);
  const rows = await run(tasksOfJob, { seq: job.seq });
  return Promise.all(rows.map((row) => viewTask(run, row, job.id, body)));
}

/** What an attempt that ended without a result had used when it was last heard of, and what it came to. */
async function withoutResult(run: Run, row: AttemptRow): Promise<Pick<StoredFigures, 'power' | 'prices'>> {
  if (row.ended_at === null) return { power: null };
  const [power] = await run(powerOfAttempt, { id: row.id });
  const [prices] = await run(pricesOfAttempt, { id: row.id });
  return {
    power: power ? { at: power.at, figures: JSON.parse(power.body) as Figure[] } : null,
    prices: prices ? (JSON.parse(prices.body) as Figure[]) : null,
  };
}

export async function viewAttempt(
  parts: JobParts,
  run: Run,
  row: AttemptRow,
  jobId: string,
  kind: TaskRow['kind'],
): Promise<Attempt> {
  const [stored] = await run(resultOf, { id: row.id });
  const result = stored ? (JSON.parse(stored.body) as StoredResult) : undefined;
  const artifacts = await run(artifactsOfAttempt, { attempt: row.id });
  return {
    id: row.id,
    job_id: jobId,
    task_id: row.task_id,
    task_kind: kind,
    attempt: row.number,
    node_id: row.node_id,
    node_name: parts.nodeName(row.node_id),
    state: row.state,
    cause: row.cause,
    failure_class: row.failure_class,
    error: row.error,
    metrics: result?.metrics ?? null,
    analyzer_output: result?.analyzer_output ?? null,
    environment: result?.environment ?? null,
    figures: figuresOfAttempt({
      ...row,
      figures: result?.figures ?? null,
      ...(result ? { power: null } : await withoutResult(run, row)),
    }),
    artifacts: artifacts.map(artifactView),
    leased_at: iso(row.leased_at),
    started_at: isoOrNull(row.started_at),
    ended_at: isoOrNull(row.ended_at),
  };
}

export async function viewAttempts(parts: JobParts, run: Run, job: JobRow): Promise<Attempt[]> {
  const tasks = await run(tasksOfJob, { seq: job.seq });
  const kindOf = new Map(tasks.map((task) => [task.id, task.kind]));
  const rows = await run(attemptsOfJob, { seq: job.seq });
  return Promise.all(rows.map((row) => viewAttempt(parts, run, row, job.id, kindOf.get(row.task_id) ?? 'transcode')));
}

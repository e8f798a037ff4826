import type { Timers } from '@ffrtmp/runtime/clock';
import { FfrtmpError } from '@ffrtmp/shared/contract/errors';
import type { Figure } from '@ffrtmp/shared/energy/figure';
import type { ResultMetrics } from '@ffrtmp/shared/job/attempt';
import { isTerminalJob, type JobState } from '@ffrtmp/shared/job/state';
import type { TaskKind } from '@ffrtmp/shared/job/task';
import type { Run } from '../database/statement.ts';
import {
  type AttemptSum,
  collectSums,
  type DaySum,
  type Dimension,
  daysOfAttempt,
  daysOfJob,
  type EndedAttempt,
  type SumPart,
  type Sums,
  sumParts,
} from './daily.ts';
import {
  addAttempts,
  addFigure,
  addJobs,
  attemptsOfEndedJob,
  endedAttempts,
  endedJobs,
  labelsOfJob,
  nodeOfJob,
  prunedJobs,
  storedAttempts,
  storedFigures,
  storedJobs,
} from './daily-store.ts';

/** Rows of one look: a millisecond or two of the loop. */
const PAGE = 200;
/** A pruning that commits in the midst of a look makes it begin again, this often at most. */
const MAX_TRIES = 5;

export interface EndedJobRow {
  seq: number;
  tenant_id: string;
  state: JobState;
  completed_at: number | null;
}

interface AttemptFacts extends Pick<EndedAttempt, 'state'> {
  tenant_id: string;
  node_id: string;
  kind: TaskKind;
  leased_at: number;
  started_at: number | null;
  ended_at: number | null;
  body: string | null;
}

async function labelsOf(run: Run, seq: number): Promise<string[]> {
  return (await run(labelsOfJob, { seq })).map(({ name, value }) => `${name}=${value}`);
}

function attemptDays(row: AttemptFacts, labels: readonly string[]): DaySum[] {
  if (row.ended_at === null) return [];
  const result = row.body === null ? null : (JSON.parse(row.body) as { metrics?: ResultMetrics; figures?: Figure[] });
  return daysOfAttempt({
    ...{ tenantId: row.tenant_id, nodeId: row.node_id, labels, kind: row.kind, state: row.state },
    startedAt: row.started_at ?? row.leased_at,
    endedAt: row.ended_at,
    metrics: result?.metrics ?? null,
    figures: result?.figures ?? [],
  });
}

async function jobDays(run: Run, row: EndedJobRow, labels: readonly string[]): Promise<DaySum[]> {
  const { state, completed_at: endedAt, tenant_id: tenantId } = row;
  if (endedAt === null || !isTerminalJob(state)) return [];
  const [latest] = await run(nodeOfJob, { seq: row.seq });
  const ended = state as keyof DaySum['jobs'];
  return daysOfJob({ tenantId, state: ended, endedAt, nodeId: latest?.node_id ?? null, labels });
}

/** What ended jobs add to the sums of their days: in the transaction that deletes them. */
export async function sumsOfJobs(run: Run, jobs: readonly EndedJobRow[]): Promise<DaySum[]> {
  const sums = collectSums();
  for (const job of jobs) {
    const labels = await labelsOf(run, job.seq);
    sums.add(await jobDays(run, job, labels));
    for (const attempt of await run(attemptsOfEndedJob, { seq: job.seq })) sums.add(attemptDays(attempt, labels));
  }
  return sums.all();
}

/** Adds to what is stored. */
export async function storeSums(run: Run, sums: readonly DaySum[]): Promise<void> {
  for (const { tenantId: tenant, dimension, day, key, jobs, parts } of sums) {
    const place = { tenant, dimension, day, key };
    if (jobs.completed + jobs.failed + jobs.canceled > 0) await run(addJobs, { ...place, ...jobs });
    for (const part of sumParts) {
      const { energy, ...counts } = parts[part] ?? { energy: [], attempts: 0 };
      if (counts.attempts > 0) await run(addAttempts, { ...place, part, ...counts });
      for (const { scope, ...figure } of energy)
        await run(addFigure, { ...place, part, ...figure, scope: [...scope].sort().join() });
    }
  }
}

export interface Period {
  tenantId: string;
  dimension: Dimension;
  /** Whole days: both are midnights UTC, and the second is outside. */
  since: number;
  until: number;
}

const nothing: AttemptSum = {
  ...{ attempts: 0, seconds: 0, engine_s: 0, media_s: 0, input_bytes: 0, output_bytes: 0 },
  energy: [],
};

export const figureOf = (row: Record<keyof Figure, unknown>): Figure =>
  ({
    ...{ name: row.name, value: row.value, unit: row.unit, method: row.method, quality: row.quality },
    ...{ coverage: row.coverage, low: row.low, high: row.high, source: row.source },
    scope: String(row.scope)
      .split(',')
      .filter((word) => word !== ''),
  }) as Figure;

/** Sums of jobs that are pruned. */
async function addStored(sums: Sums, run: Run, { tenantId: tenant, dimension, since, until }: Period): Promise<void> {
  const values = { tenant, dimension, since, until };
  const place = ({ day, key }: { day: number; key: string }) => ({ tenantId: tenant, dimension, day, key });
  const none = { completed: 0, failed: 0, canceled: 0 };
  for (const { completed, failed, canceled, ...row } of await run(storedJobs, values))
    sums.add([{ ...place(row), jobs: { completed, failed, canceled }, parts: {} }]);
  for (const row of await run(storedAttempts, values)) {
    const { attempts, seconds, engine_s, media_s, input_bytes, output_bytes } = row;
    const sum = { attempts, seconds, engine_s, media_s, input_bytes, output_bytes, energy: [] };
    sums.add([{ ...place(row), jobs: none, parts: { [row.part as SumPart]: sum } }]);
  }
  for (const row of await run(storedFigures, values)) {
    const sum = { ...nothing, energy: [figureOf(row)] };
    sums.add([{ ...place(row), jobs: none, parts: { [row.part as SumPart]: sum } }]);
  }
}

type Parts = { read: Run; timers: Pick<Timers, 'nextTurn'> };

/** Sums of what is still there, page by page, with the loop's other work between them. */
async function addLive(sums: Sums, { read, timers }: Parts, period: Period): Promise<void> {
  const { tenantId: tenant, dimension, since, until } = period;
  const turn = () => new Promise<void>((resolve) => timers.nextTurn(resolve));
  const add = (days: DaySum[]) => sums.add(days.filter((one) => one.dimension === dimension));
  for (let after = since, seq = -1, more = true; more; await turn()) {
    const page = await read(endedJobs, { tenant, after, seq, until, limit: PAGE });
    for (const job of page) {
      add(await jobDays(read, job, await labelsOf(read, job.seq)));
      ({ seq } = job);
      after = job.completed_at ?? after;
    }
    more = page.length === PAGE;
  }
  for (let after = since, id = '', more = true; more; await turn()) {
    const page = await read(endedAttempts, { tenant, after, id, until, limit: PAGE });
    for (const attempt of page) {
      add(attemptDays(attempt, await labelsOf(read, attempt.job_seq)));
      ({ id } = attempt);
      after = attempt.ended_at ?? after;
    }
    more = page.length === PAGE;
  }
}

/**
 * The sums of a period by day and key: rows that are there and sums of those that are pruned. A pruning moves rows from
 * the one to the other and changes the number of pruned jobs, so that a look that met one is known and repeated.
 */
export async function readSums(parts: Parts, period: Period): Promise<DaySum[]> {
  const { read } = parts;
  const tenant = period.tenantId;
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    const [before] = await read(prunedJobs, { tenant });
    const sums = collectSums();
    await addStored(sums, read, period);
    await addLive(sums, parts, period);
    const [after] = await read(prunedJobs, { tenant });
    if (before?.count === after?.count) return sums.all();
  }
  throw new FfrtmpError('unavailable', 'jobs are being pruned at this moment: ask again in a moment');
}

import type { Timers } from '@ffrtmp/runtime/clock';
import { FfrtmpError } from '@ffrtmp/shared/contract/errors';
import { type Counted, counted } from '@ffrtmp/shared/energy/counted';
import type { Figure } from '@ffrtmp/shared/energy/figure';
import type { Attempt } from '@ffrtmp/shared/job/attempt';
import { isTerminalJob, type JobState } from '@ffrtmp/shared/job/state';
import type { TaskKind } from '@ffrtmp/shared/job/task';
import type { Run } from '../database/statement.ts';
import type { Tables } from '../database/tables.ts';
import { type FiguresRow, resultOfRow } from '../jobs/figures.ts';
import {
  type AttemptSum,
  collectSums,
  type DaySum,
  type Dimension,
  daysOfAttempt,
  daysOfJob,
  dimensions,
  type EndedAttempt,
  NO_WORK,
  partsOf,
  type SumPart,
  type Sums,
} from './daily.ts';
import {
  addAttempts,
  addFigure,
  addJobs,
  addTotal,
  attemptsOfEndedJob,
  bodyOfJob,
  endedAttempts,
  endedJobs,
  labelsOfJob,
  nodeOfJob,
  prunedJobs,
  storedAttempts,
  storedFigures,
  storedJobs,
  storedTotals,
} from './daily-store.ts';
import { profileOf } from './profile.ts';
import { causeOf, isWaste } from './waste.ts';

/** Rows of one look: a few milliseconds of the loop. */
const PAGE = 64;
/** A pruning that commits in the midst of a look makes it begin again, this often at most. */
const MAX_TRIES = 5;

export interface EndedJobRow {
  seq: number;
  tenant_id: string;
  state: JobState;
  completed_at: number | null;
}

interface AttemptFacts extends FiguresRow, Pick<Attempt, 'cause' | 'failure_class'> {
  tenant_id: string;
  node_id: string;
  kind: TaskKind;
}

/** What of a job its sums are kept by. */
type JobKeys = Pick<EndedAttempt, 'profile' | 'labels'>;

/** Both for the sums that are stored; for those that are shown, what they are asked by. */
async function keysOfJob(run: Run, seq: number, by: readonly Dimension[]): Promise<JobKeys> {
  const labels = by.includes('label') ? await run(labelsOfJob, { seq }) : [];
  const [body] = by.includes('profile') ? await run(bodyOfJob, { seq }) : [];
  return { profile: profileOf(body?.body), labels: labels.map(({ name, value }) => `${name}=${value}`) };
}

function attemptDays(row: AttemptFacts, keys: JobKeys): DaySum[] {
  if (row.ended_at === null) return [];
  return daysOfAttempt({
    ...{ tenantId: row.tenant_id, nodeId: row.node_id, ...keys },
    ...{ kind: row.kind, state: row.state, cause: isWaste(row) ? causeOf(row) : null },
    startedAt: row.started_at ?? row.leased_at,
    endedAt: row.ended_at,
    ...resultOfRow(row),
  });
}

async function jobDays(run: Run, row: EndedJobRow, by: readonly Dimension[] = dimensions): Promise<DaySum[]> {
  const { state, completed_at: endedAt, tenant_id: tenantId } = row;
  if (endedAt === null || !isTerminalJob(state)) return [];
  const keys = await keysOfJob(run, row.seq, by);
  const [latest] = by.includes('node') ? await run(nodeOfJob, { seq: row.seq }) : [];
  const ended = state as keyof DaySum['jobs'];
  return daysOfJob({ tenantId, state: ended, endedAt, nodeId: latest?.node_id ?? null, ...keys });
}

/** What ended jobs add to the sums of their days: in the transaction that deletes them. */
export async function sumsOfJobs(run: Run, jobs: readonly EndedJobRow[]): Promise<DaySum[]> {
  const sums = collectSums();
  for (const job of jobs) {
    const keys = await keysOfJob(run, job.seq, dimensions);
    sums.add(await jobDays(run, job));
    for (const attempt of await run(attemptsOfEndedJob, { seq: job.seq })) sums.add(attemptDays(attempt, keys));
  }
  return sums.all();
}

/** Adds to what is stored. */
export async function storeSums(run: Run, sums: readonly DaySum[]): Promise<void> {
  for (const { tenantId: tenant, dimension, day, key, jobs, parts } of sums) {
    const place = { tenant, dimension, day, key };
    if (jobs.completed + jobs.failed + jobs.canceled > 0) await run(addJobs, { ...place, ...jobs });
    for (const [part, { energy, totals, ...counts }] of partsOf({ parts })) {
      await run(addAttempts, { ...place, part, ...counts });
      for (const { scope, frames: _ofThePicture, ...figure } of energy)
        await run(addFigure, { ...place, part, ...figure, scope: scopeText(scope) });
      for (const { figure, attempts, seconds, coveredS } of totals) {
        const { scope, frames: _none, coverage: _covered, ...said } = figure;
        await run(addTotal, { ...place, part, ...said, scope: scopeText(scope), attempts, seconds, coveredS });
      }
    }
  }
}

const scopeText = (scope: Figure['scope']) => [...scope].sort().join();

export interface Period {
  tenantId: string;
  dimensions: readonly Dimension[];
  /** Whole days: both are midnights UTC, and the second is outside. */
  since: number;
  until: number;
}

export const figureOf = (row: Record<Exclude<keyof Figure, 'frames'>, unknown>): Figure =>
  ({
    ...{ name: row.name, value: row.value, unit: row.unit, method: row.method, quality: row.quality },
    ...{ coverage: row.coverage, low: row.low, high: row.high, source: row.source },
    scope: String(row.scope)
      .split(',')
      .filter((word) => word !== ''),
  }) as Figure;

/** Sums of jobs that are pruned. */
async function addStored(sums: Sums, run: Run, { dimensions: asked, ...period }: Period): Promise<void> {
  for (const dimension of asked) await addStoredBy(sums, run, { ...period, dimension });
}

type OneDimension = Omit<Period, 'dimensions'> & { dimension: Dimension };

async function addStoredBy(sums: Sums, run: Run, { tenantId: tenant, dimension, since, until }: OneDimension) {
  const values = { tenant, dimension, since, until };
  const place = ({ day, key }: { day: number; key: string }) => ({ tenantId: tenant, dimension, day, key });
  const none = { completed: 0, failed: 0, canceled: 0 };
  for (const { completed, failed, canceled, ...row } of await run(storedJobs, values))
    sums.add([{ ...place(row), jobs: { completed, failed, canceled }, parts: {} }]);
  const add = (row: { day: number; key: string; part: string }, sum: Partial<AttemptSum>) =>
    sums.add([{ ...place(row), jobs: none, parts: { [partOf(row.part)]: { ...NO_WORK, ...sum } } }]);
  for (const row of await run(storedAttempts, values)) {
    const { attempts, seconds, engine_s, media_s, input_bytes, output_bytes } = row;
    add(row, { attempts, seconds, engine_s, media_s, input_bytes, output_bytes });
  }
  for (const row of await run(storedFigures, values)) add(row, { energy: [figureOf(row)] });
  for (const row of await run(storedTotals, values)) add(row, { totals: [totalOf(row)] });
}

/** Before causes were kept, all that came to nothing was one part. */
const partOf = (part: string): SumPart => (part === 'waste' ? 'waste:not kept' : (part as SumPart));

function totalOf({ covered_s: coveredS, seconds, attempts, ...row }: Tables['daily_totals']): Counted {
  const figure = figureOf({ ...row, coverage: 0 }) as Counted['figure'];
  return counted(figure, { attempts, seconds }, coveredS);
}

type Parts = { read: Run; timers: Pick<Timers, 'nextTurn'> };

/** Sums of what is still there, page by page, with the loop's other work between them. */
async function addLive(sums: Sums, { read, timers }: Parts, period: Period): Promise<void> {
  const { tenantId: tenant, dimensions: asked, since, until } = period;
  const turn = () => new Promise<void>((resolve) => timers.nextTurn(resolve));
  const add = (days: DaySum[]) => sums.add(days.filter((one) => asked.includes(one.dimension)));
  for (let after = since, seq = -1, more = true; more; await turn()) {
    const page = await read(endedJobs, { tenant, after, seq, until, limit: PAGE });
    for (const job of page) {
      add(await jobDays(read, job, asked));
      ({ seq } = job);
      after = job.completed_at ?? after;
    }
    more = page.length === PAGE;
  }
  for (let after = since, id = '', more = true; more; await turn()) {
    const page = await read(endedAttempts, { tenant, after, id, until, limit: PAGE });
    for (const attempt of page) {
      add(attemptDays(attempt, await keysOfJob(read, attempt.job_seq, asked)));
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

import { type Counted, countFigures, sumCounted } from '@ffrtmp/shared/energy/counted';
import { type Figure, isEnergy, sumFigures } from '@ffrtmp/shared/energy/figure';
import type { ResultMetrics } from '@ffrtmp/shared/job/attempt';
import type { AttemptState } from '@ffrtmp/shared/job/state';
import type { TaskKind } from '@ffrtmp/shared/job/task';

const DAY_MS = 86_400_000;

/** Midnight UTC of a time. */
export const dayOf = (ms: number) => Math.floor(ms / DAY_MS) * DAY_MS;

/**
 * What sums are kept by. A job has one tenant, one node (of its latest attempt, '' without one), one profile, any number
 * of labels.
 */
export const dimensions = ['tenant', 'node', 'profile', 'label'] as const;
export type Dimension = (typeof dimensions)[number];

/** The same parts as a receipt's sums: what made results, what judged them, and what came to nothing, by its cause. */
export type SumPart = 'encode' | 'quality' | `waste:${string}`;

export interface AttemptSum {
  attempts: number;
  /** From the start to the end of the attempts. */
  seconds: number;
  /** Wall time of their engines, where they have said so. */
  engine_s: number;
  /** Length of the outputs. */
  media_s: number;
  input_bytes: number;
  output_bytes: number;
  /** Joules, one figure a scope and quality. */
  energy: Figure[];
  /** What whole attempts came to: energy over disjoint scopes, money and carbon. */
  totals: Counted[];
}

/** Everything that ended on one day under one key: jobs on the day of their end, attempts on the day of theirs. */
export interface DaySum {
  tenantId: string;
  dimension: Dimension;
  day: number;
  key: string;
  jobs: { completed: number; failed: number; canceled: number };
  parts: DayParts;
}

export interface DayParts {
  encode?: AttemptSum;
  quality?: AttemptSum;
  [wasted: `waste:${string}`]: AttemptSum;
}

export interface EndedJob {
  tenantId: string;
  state: keyof DaySum['jobs'];
  endedAt: number;
  nodeId: string | null;
  profile: string;
  labels: readonly string[];
}

export interface EndedAttempt {
  tenantId: string;
  nodeId: string;
  /** Of its job. */
  profile: string;
  /** Of its job, as `name=value`. */
  labels: readonly string[];
  kind: TaskKind;
  state: AttemptState;
  /** Why it came to nothing; null where it did not. */
  cause: string | null;
  startedAt: number;
  endedAt: number;
  metrics: ResultMetrics | null;
  figures: readonly Figure[];
}

/**
 * What agents say may be any number. Beyond these no sum of ours, nor a product with a coverage, leaves the range of a
 * double: PostgreSQL would refuse it, and one absurd figure would hold up the pruning of all jobs for ever.
 */
const LARGEST = 1e60;
const SMALLEST = 1e-60;

function sane(value: number): number {
  if (Math.abs(value) < SMALLEST) return 0;
  return Math.max(-LARGEST, Math.min(LARGEST, value));
}

const saneOrNull = (value: number | null) => (value === null ? null : sane(value));

const saneFigure = (figure: Figure): Figure => ({
  ...figure,
  value: saneOrNull(figure.value),
  low: saneOrNull(figure.low),
  high: saneOrNull(figure.high),
  coverage: sane(figure.coverage),
});

type Keyed = Pick<DaySum, 'tenantId' | 'dimension' | 'day' | 'key'>;

type Placed = Pick<EndedJob, 'tenantId' | 'endedAt' | 'nodeId' | 'profile' | 'labels'>;

function keysOf({ tenantId, endedAt, nodeId, profile, labels }: Placed): Keyed[] {
  const day = dayOf(endedAt);
  return [
    { tenantId, dimension: 'tenant', day, key: tenantId },
    { tenantId, dimension: 'node', day, key: nodeId ?? '' },
    { tenantId, dimension: 'profile', day, key: profile },
    ...labels.map((key) => ({ tenantId, dimension: 'label' as const, day, key })),
  ];
}

export function daysOfJob(job: EndedJob): DaySum[] {
  const jobs = { completed: 0, failed: 0, canceled: 0, [job.state]: 1 };
  return keysOf(job).map((key) => ({ ...key, jobs, parts: {} }));
}

export function daysOfAttempt(attempt: EndedAttempt): DaySum[] {
  const useful: SumPart = attempt.kind === 'quality' ? 'quality' : 'encode';
  const metrics = attempt.metrics ?? {};
  const figures = attempt.figures.map(saneFigure);
  const seconds = Math.max(0, attempt.endedAt - attempt.startedAt) / 1000;
  const sum: AttemptSum = {
    attempts: 1,
    seconds,
    engine_s: sane(metrics.duration ?? 0),
    media_s: sane(metrics.media_s ?? 0),
    input_bytes: sane(metrics.input_bytes ?? 0),
    output_bytes: sane(metrics.output_bytes ?? 0),
    energy: figures.filter(isEnergy),
    totals: countFigures(figures, seconds),
  };
  const part: SumPart = attempt.cause === null ? useful : `waste:${attempt.cause}`;
  const jobs = { completed: 0, failed: 0, canceled: 0 };
  return keysOf(attempt).map((key) => ({ ...key, jobs, parts: { [part]: sum } }));
}

const counts = ['attempts', 'seconds', 'engine_s', 'media_s', 'input_bytes', 'output_bytes'] as const;

/** Many at once: each figure is looked at once, however many there are. */
function addUpWork(sums: readonly AttemptSum[]): AttemptSum {
  const work = { ...NO_WORK };
  for (const sum of sums) for (const count of counts) work[count] += sum[count];
  work.energy = sumFigures(sums.flatMap(({ energy }) => energy));
  work.totals = sumCounted(sums.flatMap(({ totals }) => totals));
  return work;
}

export const NO_WORK: AttemptSum = {
  ...{ attempts: 0, seconds: 0, engine_s: 0, media_s: 0, input_bytes: 0, output_bytes: 0 },
  ...{ energy: [], totals: [] },
};

/** The parts of a day, in a fixed order. */
export const partsOf = ({ parts }: Pick<DaySum, 'parts'>): [SumPart, AttemptSum][] =>
  (Object.entries(parts) as [SumPart, AttemptSum][]).sort(([a], [b]) => (a < b ? -1 : 1));

/** What days and keys have together. */
export function addUpDays(days: readonly Pick<DaySum, 'jobs' | 'parts'>[]): Pick<DaySum, 'jobs' | 'parts'> {
  const jobs = { completed: 0, failed: 0, canceled: 0 };
  for (const day of days) for (const state of jobStates) jobs[state] += day.jobs[state];
  const byPart = Map.groupBy(days.flatMap(partsOf), ([part]) => part);
  const parts: DayParts = {};
  for (const [part, all] of byPart) parts[part] = addUpWork(all.map(([, sum]) => sum));
  return { jobs, parts };
}

const jobStates = ['completed', 'failed', 'canceled'] as const;

export interface Sums {
  add: (days: Iterable<DaySum>) => void;
  /** One a tenant, dimension, day and key, in a fixed order. */
  all: () => DaySum[];
}

/** So many of one day and key are gathered before they are added up: one by one costs ten times as much. */
const GATHERED = 256;

export function collectSums(): Sums {
  const sums = new Map<string, DaySum[]>();
  const folded = ([first, ...rest]: readonly DaySum[]): DaySum[] =>
    first ? [{ ...first, ...addUpDays([first, ...rest]) }] : [];
  return {
    add(days) {
      for (const one of days) {
        const name = JSON.stringify([one.tenantId, one.dimension, one.day, one.key]);
        const gathered = sums.get(name) ?? [];
        gathered.push(one);
        sums.set(name, gathered.length < GATHERED ? gathered : folded(gathered));
      }
    },
    all: () => [...sums].sort(([a], [b]) => (a < b ? -1 : 1)).flatMap(([, gathered]) => folded(gathered)),
  };
}

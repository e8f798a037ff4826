import { type Figure, sumFigures } from '@ffrtmp/shared/energy/figure';
import type { ResultMetrics } from '@ffrtmp/shared/job/attempt';
import type { AttemptState } from '@ffrtmp/shared/job/state';
import type { TaskKind } from '@ffrtmp/shared/job/task';

const DAY_MS = 86_400_000;

/** Midnight UTC of a time. */
export const dayOf = (ms: number) => Math.floor(ms / DAY_MS) * DAY_MS;

/** What sums are kept by. A job has one tenant, one node (of its latest attempt, '' without one), any number of labels. */
export const dimensions = ['tenant', 'node', 'label'] as const;
export type Dimension = (typeof dimensions)[number];

/** The same parts as a receipt's sums: what made results, what judged them, and what came to nothing. */
export const sumParts = ['encode', 'quality', 'waste'] as const;
export type SumPart = (typeof sumParts)[number];

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
  /** Joules alone: nothing else of an attempt adds up. */
  energy: Figure[];
}

/** Everything that ended on one day under one key: jobs on the day of their end, attempts on the day of theirs. */
export interface DaySum {
  tenantId: string;
  dimension: Dimension;
  day: number;
  key: string;
  jobs: { completed: number; failed: number; canceled: number };
  parts: Partial<Record<SumPart, AttemptSum>>;
}

export interface EndedJob {
  tenantId: string;
  state: keyof DaySum['jobs'];
  endedAt: number;
  nodeId: string | null;
  labels: readonly string[];
}

export interface EndedAttempt {
  tenantId: string;
  nodeId: string;
  /** Of its job, as `name=value`. */
  labels: readonly string[];
  kind: TaskKind;
  state: AttemptState;
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

function keysOf(tenantId: string, at: number, nodeId: string | null, labels: readonly string[]): Keyed[] {
  const day = dayOf(at);
  return [
    { tenantId, dimension: 'tenant', day, key: tenantId },
    { tenantId, dimension: 'node', day, key: nodeId ?? '' },
    ...labels.map((key) => ({ tenantId, dimension: 'label' as const, day, key })),
  ];
}

export function daysOfJob(job: EndedJob): DaySum[] {
  const jobs = { completed: 0, failed: 0, canceled: 0, [job.state]: 1 };
  return keysOf(job.tenantId, job.endedAt, job.nodeId, job.labels).map((key) => ({ ...key, jobs, parts: {} }));
}

export function daysOfAttempt(attempt: EndedAttempt): DaySum[] {
  const useful: SumPart = attempt.kind === 'quality' ? 'quality' : 'encode';
  const metrics = attempt.metrics ?? {};
  const sum: AttemptSum = {
    attempts: 1,
    seconds: Math.max(0, attempt.endedAt - attempt.startedAt) / 1000,
    engine_s: sane(metrics.duration ?? 0),
    media_s: sane(metrics.media_s ?? 0),
    input_bytes: sane(metrics.input_bytes ?? 0),
    output_bytes: sane(metrics.output_bytes ?? 0),
    energy: attempt.figures.filter(({ unit }) => unit === 'J').map(saneFigure),
  };
  const parts = { [attempt.state === 'succeeded' ? useful : 'waste']: sum };
  const jobs = { completed: 0, failed: 0, canceled: 0 };
  const { tenantId, endedAt, nodeId, labels } = attempt;
  return keysOf(tenantId, endedAt, nodeId, labels).map((key) => ({ ...key, jobs, parts }));
}

const plus = (a: AttemptSum, b: AttemptSum): AttemptSum => ({
  attempts: a.attempts + b.attempts,
  seconds: a.seconds + b.seconds,
  engine_s: a.engine_s + b.engine_s,
  media_s: a.media_s + b.media_s,
  input_bytes: a.input_bytes + b.input_bytes,
  output_bytes: a.output_bytes + b.output_bytes,
  energy: sumFigures([...a.energy, ...b.energy]),
});

function addTo(sum: DaySum, more: DaySum): void {
  for (const state of ['completed', 'failed', 'canceled'] as const) sum.jobs[state] += more.jobs[state];
  for (const part of sumParts) {
    const [mine, theirs] = [sum.parts[part], more.parts[part]];
    // An attempt may bring two figures that add up, so that even the first one is summed.
    if (theirs) sum.parts[part] = mine ? plus(mine, theirs) : { ...theirs, energy: sumFigures(theirs.energy) };
  }
}

export interface Sums {
  add: (days: Iterable<DaySum>) => void;
  /** One a tenant, dimension, day and key, in a fixed order. */
  all: () => DaySum[];
}

export function collectSums(): Sums {
  const sums = new Map<string, DaySum>();
  return {
    add(days) {
      for (const one of days) {
        const name = JSON.stringify([one.tenantId, one.dimension, one.day, one.key]);
        const sum = sums.get(name) ?? { ...one, jobs: { completed: 0, failed: 0, canceled: 0 }, parts: {} };
        sums.set(name, sum);
        addTo(sum, one);
      }
    },
    all: () => [...sums].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, sum]) => sum),
  };
}

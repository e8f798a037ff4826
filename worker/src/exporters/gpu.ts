import { type Exporter, reasonOf, type Sample, sample } from '@ffrtmp/runtime/exporters';
import { type ExporterReason, workerMetrics } from '@ffrtmp/shared/metrics';
import { type GpuStats, gpuEngines } from '../power/collectors/nvml-stats.ts';
import type { PowerSources } from '../power/sources.ts';

export interface GpuParts {
  sources: Pick<PowerSources, 'sensors' | 'causes'>;
  /** Has this machine a graphics processor of whatever make? */
  present: boolean;
}

function samplesOf(stats: GpuStats, index: number): Sample[] {
  const gpu = String(index);
  return [
    ...sample(workerMetrics.gpuInfo, 1, { gpu, name: stats.name ?? 'unknown', uuid: stats.uuid ?? 'unknown' }),
    ...sample(workerMetrics.gpuEnergy, stats.energyJ, { gpu }),
    ...sample(workerMetrics.gpuPower, stats.powerW, { gpu }),
    ...sample(workerMetrics.gpuTemperature, stats.temperatureC, { gpu }),
    ...sample(workerMetrics.gpuMemory, stats.memoryBytes, { gpu }),
    ...sample(workerMetrics.gpuMemoryUsed, stats.memoryUsedBytes, { gpu }),
    ...sample(workerMetrics.gpuSessions, stats.encoderSessions, { gpu }),
    ...gpuEngines.flatMap((engine) => sample(workerMetrics.gpuUtilization, stats.busy[engine], { gpu, engine })),
  ];
}

/** Why nothing can be asked of the GPUs. `nvidia-smi` in the place of the library sums power and tells no more. */
function whyNone({ sources, present }: GpuParts): ExporterReason {
  const cause = sources.causes.get('nvidia')?.cause;
  if (cause !== undefined) return reasonOf(cause);
  if (sources.sensors.some(({ sharedBy }) => sharedBy === 'gpu')) return 'nvidia-driver';
  return present ? 'unsupported' : 'absent';
}

/** NVIDIA GPUs through NVML, asked on another thread: a driver in trouble holds up the page and not the agent. */
export const gpuExporter = (parts: GpuParts): Exporter => ({
  name: 'gpu',
  metrics: [
    ...[workerMetrics.gpuInfo, workerMetrics.gpuEnergy, workerMetrics.gpuPower, workerMetrics.gpuUtilization],
    ...[workerMetrics.gpuMemory, workerMetrics.gpuMemoryUsed, workerMetrics.gpuTemperature, workerMetrics.gpuSessions],
  ],
  async collect() {
    const asked = parts.sources.sensors.find(({ gpus }) => gpus !== undefined)?.gpus;
    if (!asked) return { samples: [], reason: whyNone(parts) };
    const stats = await asked();
    // Every GPU says its power, or it is not to be asked at all.
    const answers = stats.filter(({ powerW }) => powerW !== null);
    const samples = stats.flatMap((one, index) => (one.powerW === null ? [] : samplesOf(one, index)));
    return { samples, reason: answers.length === stats.length ? 'ok' : 'unreadable' };
  },
});

import type { Energy, Opened, Reading } from '../sensor.ts';
import { loadNvml, type Nvml } from './nvml-library.ts';

/** Shorter attempts see little but the counter's own refresh of 20 to 100 ms (research/energy.md 2). */
const FINE_SECONDS = 10;
/** A driver that went away is asked for again after so many failed reads. */
const LOOK_AGAIN_AFTER = 30;

/** Reading: the number of the opening, then counter (mJ, -1 without one) and power (mW) of each GPU. */
function energyOf(from: Reading, to: Reading, seconds: number): Energy {
  if (from[0] !== to[0]) return { gap: 'the NVIDIA driver was gone' };
  if (seconds < 0) return { gap: 'the clock ran backwards' };
  let counterUj = 0;
  let powerUj = 0;
  for (let at = 1; at < to.length; at += 2) {
    const [before = 0, after = 0] = [from[at], to[at]];
    if (after < before) return { gap: 'the GPU counter was reset' };
    counterUj = before < 0 ? Number.NaN : counterUj + (after - before) * 1000;
    powerUj += (((from[at + 1] ?? 0) + (to[at + 1] ?? 0)) / 2) * 1000 * seconds;
  }
  return Number.isNaN(counterUj) ? { uj: powerUj } : { uj: counterUj, alsoUj: powerUj };
}

/** Load by process over all GPUs since the last question; null when the driver does not tell. */
function createLoads({ devices, processLoads }: Nvml): ((seconds: number) => Map<number, number> | null) | undefined {
  if (!processLoads) return undefined;
  const sinceUs = new Map<number, number>();
  return (seconds) => {
    const sums = new Map<number, number>();
    for (const [index, device] of devices.entries()) {
      const samples = processLoads(device, sinceUs.get(index) ?? 0);
      if (samples === null) return null;
      const means = new Map<number, { sum: number; count: number }>();
      for (const { pid, atUs, sm, enc, dec } of samples) {
        sinceUs.set(index, Math.max(sinceUs.get(index) ?? 0, atUs));
        const mean = means.get(pid) ?? { sum: 0, count: 0 };
        // One per cent of any engine counts the same: nobody has published how their power differs.
        means.set(pid, { sum: mean.sum + (sm + enc + dec) / 100, count: mean.count + 1 });
      }
      for (const [pid, { sum, count }] of means) sums.set(pid, (sums.get(pid) ?? 0) + (sum / count) * seconds);
    }
    return sums;
  };
}

/** The GPUs' own energy counters through libnvidia-ml, their momentary power beside it as a second opinion. */
export async function openNvml(library: string): Promise<Opened> {
  const loaded = await loadNvml(library);
  if (!loaded.ok) return loaded;
  const { nvml } = loaded;
  const counted = nvml.devices.length > 0 && nvml.devices.every((device) => (nvml.energyMj?.(device) ?? null) !== null);
  const powered = nvml.devices.every((device) => nvml.powerMw(device) !== null);
  if (nvml.devices.length === 0 || !powered) {
    const text = nvml.devices.length === 0 ? 'the NVIDIA driver knows no GPU' : `no GPU power: ${nvml.failure()}`;
    nvml.close();
    return { ok: false, cause: { cause: 'nvidia-driver', text, fix: 'see nvidia-smi and dmesg | grep -i nvrm' } };
  }
  const names = nvml.devices.map(nvml.name).join(', ');
  const sliced = nvml.devices.some(nvml.sliced) ? '; cut into instances (MIG), and the power is of the whole card' : '';
  let opening = 0;
  let failed = 0;
  let fault: string | null = null;
  const read = (): Reading | null => {
    const reading = [opening];
    for (const device of nvml.devices) {
      const energy = counted ? (nvml.energyMj?.(device) ?? null) : -1;
      const power = nvml.powerMw(device);
      if (energy === null || power === null) return null;
      reading.push(energy, power);
    }
    return reading;
  };
  const loads = createLoads(nvml);
  return {
    ok: true,
    sensor: {
      ...{ method: counted ? 'nvml' : 'nvml-power', scope: ['gpu'], sharedBy: 'gpu', minSeconds: 0 },
      fineSeconds: FINE_SECONDS,
      detail: () => `NVML ${names}${counted ? '' : ' (no energy counter: power integrated)'}${sliced}`.slice(0, 200),
      read: () => {
        const reading = read();
        [failed, fault] = reading ? [0, null] : [failed + 1, nvml.failure()];
        if (failed >= LOOK_AGAIN_AFTER) {
          failed = 0;
          if (nvml.reopen()) opening += 1;
        }
        return reading;
      },
      between: energyOf,
      fault: () => fault,
      ...(loads ? { loads } : {}),
      gpus: () => Promise.all(nvml.devices.map(nvml.stats)),
      close: nvml.close,
    },
  };
}

import { addPart, emptyShare, type Interval, type Share, split } from './attribute.ts';
import type { CpuMeter } from './cpu-meter.ts';
import type { GpuLook, GpuUse } from './gpu-use.ts';
import { type IdleWatch, noIdle, watchIdle } from './idle.ts';
import type { IdleStore } from './idle-store.ts';
import type { Ledger } from './ledger.ts';
import type { Meters } from './meters.ts';
import type { Energy, Reading, Sensor } from './sensor.ts';
import type { PowerSources } from './sources.ts';

/** One attempt while it is followed. */
export interface Window {
  /** Share of the machine's threads. */
  reserved: number;
  gpu: boolean;
  cpu: CpuMeter;
  shares: Map<Track, Share>;
}

/** One look at all that is used. Everything in it counts from a beginning and only rises. */
export interface Look {
  atMs: number;
  busyS: number | null;
  cpuS: ReadonlyMap<string, number>;
  gpu: GpuLook;
}

/** One source over time. `last` opens the interval that runs now; its reading is null after a failed one. */
export interface Track {
  /** null = the model. */
  sensor: Sensor | null;
  last: { look: Look; reading: Reading | null } | null;
  idle: IdleWatch;
}

/** What the parts of the sampler share. */
export interface Sampling {
  sources: PowerSources;
  windows: Map<string, Window>;
  tracks: readonly Track[];
  idle: IdleStore;
  ledger: Ledger;
  meters: Meters;
  gpuUse: GpuUse;
}

export const newTrack = (sensor: Sensor | null): Track => ({ sensor, last: null, idle: noIdle });

type Use = Pick<Interval, 'claims' | 'othersUse'>;

function gpuUseOf({ windows, sources, gpuUse }: Sampling, from: Look, to: Look): Use {
  const since = gpuUse.between(from.gpu, to.gpu);
  const share = 1 / Math.max(1, sources.gpuSessions);
  const all = [...windows].map(([id, { gpu }]) => {
    return [id, { use: since.use.get(id) ?? 0, reserved: gpu ? share : 0 }] as const;
  });
  return { claims: new Map(all.filter(([, claim]) => claim.use > 0 || claim.reserved > 0)), othersUse: since.others };
}

const usedBy = ({ claims }: Use) => [...claims.values()].reduce((sum, { use }) => sum + use, 0);

function cpuUseOf({ windows }: Sampling, from: Look, to: Look): Use {
  const claims = new Map(
    [...windows].map(([id, { reserved }]) => {
      return [id, { use: Math.max(0, (to.cpuS.get(id) ?? 0) - (from.cpuS.get(id) ?? 0)), reserved }] as const;
    }),
  );
  if (to.busyS === null || from.busyS === null) return { claims, othersUse: null };
  // The ticks of processes and of the machine are counted apart and may disagree by one.
  return { claims, othersUse: Math.max(0, to.busyS - from.busyS - usedBy({ claims, othersUse: 0 })) };
}

function energyBetween(sensor: Sensor, from: Reading | null, to: Reading | null, seconds: number): Energy {
  if (!from || !to) return { gap: sensor.fault() ?? 'it could not be read at the start' };
  return seconds < 0 ? { gap: 'the clock ran backwards' } : sensor.between(from, to, seconds);
}

/** A model has no reading: what it says follows from how busy the machine was. */
function modelInterval({ sources }: Sampling, use: Use, seconds: number): Interval {
  const { idleW, activeJ } = sources.model;
  const idleUj = idleW * seconds * 1e6;
  return { ...use, seconds, idleUj, energyUj: idleUj + activeJ(usedBy(use) + (use.othersUse ?? 0), seconds) * 1e6 };
}

export const idleOf = ({ idle }: Pick<Sampling, 'idle'>, sensor: Sensor) => idle.get(sensor.method, sensor.detail());

function learnIdle(sampling: Sampling, track: Track, sensor: Sensor, interval: Interval): void {
  const { seconds, energyUj, othersUse } = interval;
  const whole = sensor.sharedBy === 'gpu' ? seconds : seconds * sampling.sources.threads;
  const busy = othersUse === null || whole === 0 ? null : othersUse / whole;
  const learnt = watchIdle(track.idle, { seconds, energyUj, busy, attempts: sampling.windows.size });
  track.idle = learnt.watch;
  if (learnt.watts !== null) sampling.idle.learnt(sensor.method, sensor.detail(), learnt.watts);
}

const accountOf = ({ sources: { model } }: Sampling, sensor: Sensor | null) =>
  sensor
    ? { method: sensor.method, scope: sensor.scope, quality: 'measured' as const, detail: sensor.detail() }
    : { method: model.method, scope: [...model.scope], quality: model.quality, detail: model.source };

function book(sampling: Sampling, track: Track, interval: Interval, energy: Energy | null): void {
  const parts = split(interval);
  // Beside a sensor of the machine its model would be a second total for the same hours.
  const counts = track.sensor !== null || sampling.sources.sensors.every(({ sharedBy }) => sharedBy === 'gpu');
  if (counts) {
    const account = accountOf(sampling, track.sensor);
    sampling.ledger.add(account, interval, parts);
    sampling.meters.add(account, interval, parts);
  }
  const gap = energy && 'gap' in energy ? energy.gap : null;
  const second = energy && 'uj' in energy ? energy.alsoUj : undefined;
  for (const [id, window] of sampling.windows) {
    const share = addPart(window.shares.get(track) ?? emptyShare(), id, interval, parts, gap);
    if (second !== undefined && interval.energyUj !== null) {
      share.firstUj += interval.energyUj;
      share.secondUj += second;
    }
    window.shares.set(track, share);
  }
}

/** Closes the current interval of a source and opens the next. `boundary`: the set of attempts is about to change. */
export function advance(sampling: Sampling, track: Track, look: Look, boundary: boolean): void {
  const { sensor, last: from } = track;
  const reading = sensor ? sensor.read() : [];
  // A failed read within a window leaves the interval open: the next good one covers it, and nothing is lost. At a
  // boundary it cannot, because the energy before and after would belong to different attempts.
  if (reading === null && !boundary && from?.reading) return;
  track.last = { look, reading };
  if (!from) return;
  const elapsedS = (look.atMs - from.look.atMs) / 1000;
  const seconds = Math.max(0, elapsedS);
  if (!sensor) {
    book(sampling, track, modelInterval(sampling, cpuUseOf(sampling, from.look, look), seconds), null);
    return;
  }
  const use = (sensor.sharedBy === 'gpu' ? gpuUseOf : cpuUseOf)(sampling, from.look, look);
  const energy = energyBetween(sensor, from.reading, reading, elapsedS);
  if (sensor.zones && from.reading && reading && !('gap' in energy))
    sampling.meters.addZones(sensor, sensor.zones(from.reading, reading, elapsedS));
  const { watts } = idleOf(sampling, sensor);
  const idleUj = watts === null ? null : watts * seconds * 1e6;
  const interval = { ...use, seconds, energyUj: 'uj' in energy ? energy.uj : null, idleUj };
  book(sampling, track, interval, energy);
  learnIdle(sampling, track, sensor, interval);
}

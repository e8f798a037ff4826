import type { Figure } from '@ffrtmp/shared/energy/figure';
import { addInterval, emptyShare, type Share, sensorFigures } from './attribute.ts';
import { estimateFigures } from './collectors/estimate.ts';
import { energyBetween, type Reading } from './collectors/rapl.ts';
import { type CpuMeter, createCpuMeter } from './cpu-meter.ts';
import { machineBusySeconds } from './process-tree.ts';
import { type PowerSources, raplDetail, raplScope } from './sources.ts';

/** Follows the energy of one attempt. */
export interface AttemptEnergy {
  /** The process that works for the attempt from now on; call again for each further one. */
  setPid(pid: number): void;
  /** The CPU seconds of that process once it has ended, from the run's result: the last sample missed its end. */
  finalCpuSeconds(seconds: number): void;
  /** Figures up to the latest sample. */
  snapshot(): Figure[];
  /** Reads everything once more and closes the window. The same figures when called again. */
  stop(): Promise<Figure[]>;
}

export interface Sampler {
  start(attemptId: string, request: { reservedThreads: number }): AttemptEnergy;
}

interface Window {
  startedMs: number;
  reservedThreads: number;
  cpu: CpuMeter;
  share: Share;
}

/** One look at everything. */
interface Point {
  atMs: number;
  counters: Reading;
  busyS: number | null;
  cpuS: Map<string, number>;
}

export interface SamplerOptions {
  sources: PowerSources;
  /** Monotonic, in ms. */
  clock?: () => number;
  intervalMs?: number;
  proc?: string;
}

/** Well below the shortest wrap (131 s at 500 W on a 65.5 kJ counter), and fine enough to bill bursts to who caused them. */
const DEFAULT_INTERVAL_MS = 1000;

/**
 * Samples all sources once a second while any attempt runs, and at every start and stop of one; nothing while idle.
 * States: `last` is the point that opens the current interval, or null when there is none (idle, or its read failed).
 */
export function createSampler(options: SamplerOptions): Sampler {
  const { sources, clock = () => performance.now(), intervalMs = DEFAULT_INTERVAL_MS, proc = '/proc' } = options;
  const { rapl, watts } = sources;
  const windows = new Map<string, Window>();
  let last: Point | null = null;
  let timer: NodeJS.Timeout | undefined;

  const look = (): Point => {
    const counters = rapl?.read() ?? null;
    const atMs = clock();
    const busyS = machineBusySeconds(proc);
    const cpuS = new Map([...windows].map(([id, { cpu }]) => [id, cpu.read()]));
    return { atMs, counters, busyS, cpuS };
  };

  const energyOf = (from: Point, to: Point): number | null => {
    if (!rapl || !from.counters || !to.counters) return null;
    const energy = energyBetween(rapl, from.counters, to.counters, (to.atMs - from.atMs) / 1000);
    return 'uj' in energy ? energy.uj : null;
  };

  /** Closes the current interval and opens the next. `boundary`: the set of attempts is about to change. */
  const sample = (boundary: boolean) => {
    const point = look();
    // A failed read within a window leaves the interval open: the next good one covers it, and nothing is lost. At a
    // boundary it cannot, because the energy before and after would belong to different attempts.
    if (rapl && point.counters === null && !boundary) return;
    const from = last;
    last = point;
    if (!from) return;
    const cpuS = new Map([...point.cpuS].map(([id, total]) => [id, Math.max(0, total - (from.cpuS.get(id) ?? 0))]));
    const busyS = point.busyS === null || from.busyS === null ? null : point.busyS - from.busyS;
    const interval = { seconds: (point.atMs - from.atMs) / 1000, energyUj: energyOf(from, point), busyS, cpuS };
    for (const [id, window] of windows) window.share = addInterval(window.share, id, interval);
  };

  const figuresOf = (window: Window, nowMs: number): Figure[] => {
    if (rapl && window.share.coveredS > 0)
      return sensorFigures(window.share, { method: 'rapl', scope: raplScope(rapl), detail: raplDetail(rapl) });
    const seconds = (nowMs - window.startedMs) / 1000;
    const { reservedThreads, cpu } = window;
    return estimateFigures({ cpuSeconds: cpu.seconds(), reservedThreads, seconds }, watts);
  };

  const finish = (id: string, window: Window): Figure[] => {
    sample(true);
    const figures = figuresOf(window, last?.atMs ?? clock());
    windows.delete(id);
    if (windows.size === 0) {
      clearInterval(timer);
      last = null;
    }
    return figures;
  };

  return {
    start: (attemptId, { reservedThreads }) => {
      sample(true);
      const window = {
        startedMs: last?.atMs ?? clock(),
        reservedThreads,
        cpu: createCpuMeter(proc),
        share: emptyShare(),
      };
      if (windows.size === 0) timer = setInterval(() => sample(false), intervalMs).unref();
      windows.set(attemptId, window);
      let figures: Figure[] | null = null;
      return {
        setPid: window.cpu.follow,
        finalCpuSeconds: window.cpu.finish,
        snapshot: () => figures ?? figuresOf(window, last?.atMs ?? clock()),
        stop: async () => {
          figures ??= finish(attemptId, window);
          return figures;
        },
      };
    },
  };
}

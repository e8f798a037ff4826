import type { Figure } from '@ffrtmp/shared/energy/figure';
import type { NodePower } from '@ffrtmp/shared/node/power';
import { figuresOf } from './attempt-figures.ts';
import { createCpuMeter } from './cpu-meter.ts';
import { createGpuUse } from './gpu-use.ts';
import { createIdleStore, type IdleStore } from './idle-store.ts';
import type { CpuRoots } from './job-cgroup.ts';
import { createLedger, type Ledger } from './ledger.ts';
import { createMeters, type Meters } from './meters.ts';
import { machineBusySeconds } from './process-tree.ts';
import type { PowerSources } from './sources.ts';
import { advance, newTrack, type Sampling, type Window } from './track.ts';

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
  start(attemptId: string, request: { reservedThreads: number; gpu?: boolean }): AttemptEnergy;
  /** The node's own energy that the master has not taken yet, up to this moment. */
  power(): NodePower[];
  /** Running totals up to the latest sample. */
  meters: Pick<Meters, 'totals' | 'zones'>;
  /** The master has taken these. */
  acknowledge(sent: readonly NodePower[]): void;
  close(): void;
}

export interface SamplerOptions {
  sources: PowerSources;
  /** Monotonic, in ms. */
  clock?: () => number;
  intervalMs?: number;
  roots?: CpuRoots;
  idle?: IdleStore;
  ledger?: Ledger;
}

/** Well below the shortest wrap (131 s at 500 W on a 65.5 kJ counter), and fine enough to bill bursts to who caused them. */
const DEFAULT_INTERVAL_MS = 1000;
const systemRoots: CpuRoots = { proc: '/proc', cgroup: '/sys/fs/cgroup' };
const now = () => Date.now();
const forgetful = () => createIdleStore({ dataDir: null, maxAgeMs: 86_400_000, now, temperature: () => null });

interface Sampled {
  sampling: Sampling;
  /** Looks at everything once. `boundary`: the set of attempts is about to change. */
  sample: (boundary: boolean) => void;
}

function openSampling({ sources, idle, ledger, clock, roots }: Required<SamplerOptions>): Sampled {
  const windows = new Map<string, Window>();
  const tracks = [...sources.sensors, null].map(newTrack);
  const gpuUse = createGpuUse(sources.sensors, roots.proc);
  const sampling: Sampling = { sources, windows, tracks, idle, ledger, gpuUse, meters: createMeters() };
  const each = <T>(read: (window: Window) => T) => new Map([...windows].map(([id, window]) => [id, read(window)]));
  return {
    sampling,
    sample(boundary) {
      const atMs = clock();
      const busyS = machineBusySeconds(roots.proc);
      const cpuS = each(({ cpu }) => cpu.read());
      const look = {
        atMs,
        busyS,
        cpuS,
        gpu: gpuUse.look(
          atMs,
          each(({ cpu }) => cpu.pids()),
        ),
      };
      for (const track of tracks) advance(sampling, track, look, boundary);
    },
  };
}

/**
 * Samples all sources once a second, and at every start and stop of an attempt. A machine without a sensor is looked at
 * only while something runs and when its sums are asked for: a model needs no more.
 */
export function createSampler(options: SamplerOptions): Sampler {
  const { sources, intervalMs = DEFAULT_INTERVAL_MS, roots = systemRoots } = options;
  const { clock = () => performance.now(), idle = forgetful() } = options;
  const { ledger = createLedger({ now, run: crypto.randomUUID() }) } = options;
  const { sampling, sample } = openSampling({ sources, intervalMs, roots, clock, idle, ledger });
  const { windows, gpuUse } = sampling;
  let timer: NodeJS.Timeout | undefined;
  const settle = () => {
    const wanted = sources.sensors.length > 0 || windows.size > 0;
    if (wanted) timer ??= setInterval(() => sample(false), intervalMs).unref();
    else {
      clearInterval(timer);
      timer = undefined;
    }
  };
  sample(true);
  settle();
  return {
    start: (attemptId, { reservedThreads, gpu = false }) => {
      sample(true);
      const window = {
        reserved: reservedThreads / sources.threads,
        gpu,
        cpu: createCpuMeter(roots),
        shares: new Map(),
      };
      windows.set(attemptId, window);
      settle();
      let figures: Figure[] | null = null;
      return {
        setPid: window.cpu.follow,
        finalCpuSeconds: window.cpu.finish,
        snapshot: () => figures ?? figuresOf(sampling, window),
        stop: async () => {
          if (figures) return figures;
          sample(true);
          figures = figuresOf(sampling, window);
          windows.delete(attemptId);
          gpuUse.forget(attemptId);
          settle();
          return figures;
        },
      };
    },
    power: () => {
      sample(false);
      return ledger.open();
    },
    meters: sampling.meters,
    acknowledge: ledger.acknowledge,
    close: () => clearInterval(timer),
  };
}

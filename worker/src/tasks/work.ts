import type { Connection } from '@ffrtmp/runtime/connect';
import type { Figure } from '@ffrtmp/shared/energy/figure';
import type { Environment, ResultMetrics } from '@ffrtmp/shared/job/attempt';
import type { JobLimits, Progress } from '@ffrtmp/shared/job/job';
import type { Outcome } from '@ffrtmp/shared/job/outcome';
import type { ArtifactRole, Task } from '@ffrtmp/shared/job/task';
import type { RunResult } from '../engines/ffmpeg/run.ts';
import type { Vmaf } from '../engines/ffmpeg/vmaf.ts';
import type { AttemptEnergy } from '../power/sampler.ts';

/** Facts about this machine that every attempt's environment repeats. */
export interface Machine {
  ffmpeg: string;
  ffprobe: string;
  ffmpegVersion: string;
  cpuModel: string;
  cpuThreads: number;
  governor: string | null;
  powerMethod: string;
  vmaf: Vmaf;
}

/** What a kind of task works with. */
export interface Workplace {
  task: Task;
  folder: string;
  /** Threads this attempt may use: an equal share of the machine for each slot. */
  threads: number;
  machine: Machine;
  connection: Connection;
  /** Opens the energy window; the task closes it right after its engine has run. */
  startEnergy: () => AttemptEnergy;
  signal: AbortSignal;
  report: (progress: Omit<Progress, 'energy'>) => void;
  log: (text: Buffer | string) => void;
  onSpawn: (pid: number) => void;
}

export interface MadeFile {
  role: ArtifactRole;
  path: string;
  name: string;
}

/** What came of a task: how it ended, what it measured, and the files to publish. */
export interface Work {
  outcome: Outcome;
  metrics: ResultMetrics;
  figures: Figure[];
  environment: Environment;
  files: MadeFile[];
  /**
   * Looks at the files, and gives the metrics of what it found; throws what makes them worthless. It runs while they are
   * sent: a start of ffprobe takes a tenth of a second, which is longer than most uploads on a good network.
   */
  inspect?: () => Promise<ResultMetrics>;
}

export const phase = (name: string): Omit<Progress, 'energy'> => ({
  percent: null,
  phase: name,
  fps: null,
  speed: null,
  eta_s: null,
  frames: null,
});

/** The measured facts every run of an engine has. */
export function runMetrics(run: RunResult): ResultMetrics {
  const duration = (run.endedAtMs - run.startedAtMs) / 1000;
  return {
    duration,
    cpu_s: run.cpuSeconds,
    memory_usage: run.maxRssMb,
    ...(duration > 0 ? { cpu_usage: (run.cpuSeconds / duration) * 100 } : {}),
  };
}

export function environmentOf(
  machine: Machine,
  facts: { encoder: string | null; argv: readonly string[]; dropped: string[] },
): Environment {
  return {
    ffmpeg: machine.ffmpegVersion,
    encoder: facts.encoder,
    cpu_model: machine.cpuModel,
    cpu_threads: machine.cpuThreads,
    governor: machine.governor,
    power_source: machine.powerMethod,
    argv: [...facts.argv],
    dropped_streams: facts.dropped,
  };
}

/** A job's own limits, as the engine takes them. */
export const runLimits = (limits: JobLimits | null) => ({
  timeoutMs: limits?.timeout_sec === undefined ? null : limits.timeout_sec * 1000,
  maxDiskBytes: limits?.max_disk_mb === undefined ? null : limits.max_disk_mb * 1e6,
});

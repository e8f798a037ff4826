import type { Scope } from '@ffrtmp/shared/energy/figure';
import type { GpuStats } from './collectors/nvml-stats.ts';

/** What a sensor showed at one moment. The numbers mean something to the sensor they come from alone. */
export type Reading = readonly number[];

/**
 * Energy between two readings, or why it is not known: nothing is invented for a gap. `alsoUj` is a second opinion of the
 * same sensor (integrated power beside an energy counter).
 */
export type Energy = { uj: number; alsoUj?: number } | { gap: string };

/** What one counter of a sensor advanced; `zone` is unique within the machine. */
export interface ZoneEnergy {
  zone: string;
  scope: Scope;
  uj: number;
}

/** One source of measured energy. Every collector opens one of these, or says why it cannot. */
export interface Sensor {
  /** `rapl`, `rapl-psys`, `nvml`, `nvidia-smi`, `hwmon`, `battery`, `meter`. */
  method: string;
  scope: Scope[];
  /** Whose energy it is: split by CPU time, or by the load on the graphics processors. */
  sharedBy: 'cpu' | 'gpu';
  /** Attempts shorter than this get no figure from it: the sensor is too slow for them. */
  minSeconds: number;
  /** Below this an attempt's figure is labelled `low-resolution`. */
  fineSeconds: number;
  /** What is read, for people. */
  detail: () => string;
  /** null = it could not be read now, which is a gap and never 0. */
  read: () => Reading | null;
  between: (from: Reading, to: Reading, seconds: number) => Energy;
  /** The same by part of the machine, for sensors that have several counters. Nothing for a gap. */
  zones?: (from: Reading, to: Reading, seconds: number) => readonly ZoneEnergy[];
  /** Why the latest read gave nothing. */
  fault: () => string | null;
  /** Load by process since it was asked last, in seconds of one fully used engine; null = it cannot tell. GPUs alone. */
  loads?: (seconds: number) => ReadonlyMap<number, number> | null;
  /** Each GPU by its number, for those who ask beside the sampling; asked on another thread. */
  gpus?: () => Promise<readonly GpuStats[]>;
  close: () => void;
}

/** Why a source gives nothing, by a name that programs can read, with the way to mend it. */
export interface Cause {
  cause: string;
  text: string;
  fix: string | null;
}

export type Opened = { ok: true; sensor: Sensor } | { ok: false; cause: Cause };

export const refused = (cause: string, text: string, fix: string | null = null): Opened => ({
  ok: false,
  cause: { cause, text, fix },
});

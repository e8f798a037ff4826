import { existsSync } from 'node:fs';
import type { Sensor } from './sensor.ts';

/** GPU load so far, in seconds of one fully used engine; it only rises. */
export interface GpuLook {
  byAttempt: ReadonlyMap<string, number>;
  others: number;
  /** Rises with each look that could not tell whose load it was. */
  unknown: number;
}

export interface GpuUse {
  look: (atMs: number, pids: ReadonlyMap<string, ReadonlySet<number>>) => GpuLook;
  /** `others` null: the driver did not say who used the GPU. */
  between: (from: GpuLook, to: GpuLook) => { use: ReadonlyMap<string, number>; others: number | null };
  forget: (attemptId: string) => void;
}

/** Adds up who loads the GPUs. The driver names processes; attempts are found by the processes that work for them. */
export function createGpuUse(sensors: readonly Sensor[], proc: string): GpuUse {
  const sensor = sensors.find((one) => one.sharedBy === 'gpu');
  const byAttempt = new Map<string, number>();
  let lastMs: number | null = null;
  let others = 0;
  let unknown = sensor ? 0 : 1;

  function book(loads: ReadonlyMap<number, number>, pids: ReadonlyMap<string, ReadonlySet<number>>): void {
    for (const [pid, load] of loads) {
      const [owner] = [...pids].find(([, own]) => own.has(pid)) ?? [];
      if (owner !== undefined) byAttempt.set(owner, (byAttempt.get(owner) ?? 0) + load);
      else if (existsSync(`${proc}/${pid}`)) others += load;
      // In a container the driver's process ids are the host's: then nobody can say whose load it is.
      else unknown += 1;
    }
  }

  return {
    look(atMs, pids) {
      const seconds = lastMs === null ? 0 : Math.max(0, (atMs - lastMs) / 1000);
      lastMs = atMs;
      const loads = sensor?.loads?.(seconds) ?? null;
      if (loads) book(loads, pids);
      else unknown += 1;
      return { byAttempt: new Map(byAttempt), others, unknown };
    },
    between(from, to) {
      const use = new Map([...to.byAttempt].map(([id, now]) => [id, now - (from.byAttempt.get(id) ?? 0)] as const));
      return { use, others: to.unknown > from.unknown ? null : to.others - from.others };
    },
    forget: (attemptId) => void byAttempt.delete(attemptId),
  };
}

import { freemem } from 'node:os';
import type { Clock } from '@ffrtmp/runtime/clock';
import type { Load } from '@ffrtmp/shared/node/node';
import { machineBusySeconds } from '../power/process-tree.ts';
import { freeBytes } from './job-dir.ts';

/** The machine's load since the last call, for the heartbeat. */
export function createLoadMeter(dataDir: string, cpuThreads: number, clock: Pick<Clock, 'monotonicMs'>): () => Load {
  let busyS = machineBusySeconds('/proc');
  let atMs = clock.monotonicMs();
  return () => {
    const nowS = machineBusySeconds('/proc');
    const nowMs = clock.monotonicMs();
    const share = busyS === null || nowS === null ? null : (nowS - busyS) / (((nowMs - atMs) / 1000) * cpuThreads);
    busyS = nowS;
    atMs = nowMs;
    const percent = share === null ? null : Math.min(100, Math.max(0, share * 100));
    return {
      cpu_percent: percent,
      ram_free_bytes: freemem(),
      disk_free_bytes: diskFree(dataDir),
    };
  };
}

function diskFree(dataDir: string): number | null {
  try {
    return freeBytes(dataDir);
  } catch {
    return null; // The folder is gone; a job that needs it will say so.
  }
}

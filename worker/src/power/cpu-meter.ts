import { processTreeCpuSeconds } from './process-tree.ts';

/** CPU time of one attempt: of the processes that worked for it one after the other. It only rises. */
export interface CpuMeter {
  follow(pid: number): void;
  /** Takes the exact total of the followed process after its end and stops following it. */
  finish(seconds: number): void;
  /** Looks once more; seconds so far, 0 where nothing could be read yet. */
  read(): number;
  /** Seconds so far as of the latest look; null when nothing could ever be read. */
  seconds(): number | null;
}

export function createCpuMeter(proc: string): CpuMeter {
  let pid: number | null = null;
  let endedS = 0;
  let currentS = 0;
  let known = false;
  const close = (finalS: number) => {
    endedS += Math.max(currentS, finalS);
    currentS = 0;
    pid = null;
  };
  return {
    follow: (next) => {
      close(0);
      pid = next;
    },
    finish: (seconds) => {
      known = true;
      close(seconds);
    },
    read: () => {
      const seconds = pid === null ? null : processTreeCpuSeconds(proc, pid);
      if (seconds !== null) {
        known = true;
        currentS = Math.max(currentS, seconds);
      }
      return endedS + currentS;
    },
    seconds: () => (known ? endedS + currentS : null),
  };
}

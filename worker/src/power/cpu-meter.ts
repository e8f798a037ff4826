import { type CpuRoots, ownCgroup } from './job-cgroup.ts';
import { processTree } from './process-tree.ts';

/** CPU time of one attempt: of the processes that worked for it one after the other. It only rises. */
export interface CpuMeter {
  follow(pid: number): void;
  /** Takes the exact total of the followed process after its end and stops following it. */
  finish(seconds: number): void;
  /** Looks once more; seconds so far, 0 where nothing could be read yet. */
  read(): number;
  /** Seconds so far as of the latest look; null when nothing could ever be read. */
  seconds(): number | null;
  /** Every process that has worked for it, as far as it was seen. */
  pids(): ReadonlySet<number>;
}

/** An attempt has a handful of processes; this bounds the memory of one that forks without end. */
const PIDS_MAX = 4096;

export function createCpuMeter(roots: CpuRoots): CpuMeter {
  let pid: number | null = null;
  /** undefined = not looked for yet. */
  let cgroup: { read: () => number | null; beforeS: number } | null | undefined;
  let endedS = 0;
  let currentS = 0;
  let known = false;
  const pids = new Set<number>();
  const close = (finalS: number) => {
    endedS += Math.max(currentS, finalS);
    currentS = 0;
    pid = null;
    cgroup = undefined;
  };
  /** What ran in the cgroup before this process is not its own. */
  const openCgroup = (of: number, treeS: number) => {
    const read = ownCgroup(roots, of);
    const nowS = read?.() ?? null;
    return read && nowS !== null ? { read, beforeS: Math.max(0, nowS - treeS) } : null;
  };
  const look = (): number | null => {
    const tree = pid === null ? null : processTree(roots.proc, pid);
    if (tree && pids.size < PIDS_MAX) for (const each of tree.pids) pids.add(each);
    if (tree && pid !== null && cgroup === undefined) cgroup = openCgroup(pid, tree.cpuS);
    const inCgroup = cgroup?.read() ?? null;
    return inCgroup === null || !cgroup ? (tree?.cpuS ?? null) : inCgroup - cgroup.beforeS;
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
      const seconds = look();
      if (seconds !== null) {
        known = true;
        currentS = Math.max(currentS, seconds);
      }
      return endedS + currentS;
    },
    seconds: () => (known ? endedS + currentS : null),
    pids: () => pids,
  };
}

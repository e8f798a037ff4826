import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Where the kernel's trees lie; settings, because containers and tests have them elsewhere. */
export interface CpuRoots {
  proc: string;
  cgroup: string;
}

/** `0::/path` and `3:cpu,cpuacct:/path` -> controllers and path. */
function pathsOf(proc: string, pid: number | 'self'): Map<string, string> {
  try {
    const lines = readFileSync(`${proc}/${pid}/cgroup`, 'utf8').split('\n');
    const found = lines.map((line) => /^\d+:([^:]*):(\/.*)$/.exec(line));
    return new Map(found.flatMap((match) => (match ? [[match[1] ?? '', match[2] ?? ''] as const] : [])));
  } catch {
    return new Map();
  }
}

const readOr = (path: string) => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
};

/** CPU seconds of one cgroup so far: v2 counts in us, v1 in ns. */
function usageOf(folder: string): number | null {
  const v2 = /^usage_usec (\d+)$/m.exec(readOr(join(folder, 'cpu.stat')))?.[1];
  if (v2 !== undefined) return Number(v2) / 1e6;
  const v1 = readOr(join(folder, 'cpuacct.usage')).trim();
  return /^\d+$/.test(v1) ? Number(v1) / 1e9 : null;
}

/**
 * The cgroup that a process has for itself, as a function that reads its CPU seconds; null when it shares the agent's,
 * which is the rule. A cgroup's count survives the exit of every child, so it beats the process tree.
 */
export function ownCgroup(roots: CpuRoots, pid: number): (() => number | null) | null {
  const own = pathsOf(roots.proc, 'self');
  for (const [controllers, path] of pathsOf(roots.proc, pid)) {
    const relevant = controllers === '' || /(?:^|,)cpu(?:acct)?(?:,|$)/.test(controllers);
    if (!relevant || own.get(controllers) === path || path === '/') continue;
    const mounts = controllers === '' ? ['', 'unified'] : [controllers, ...controllers.split(',')];
    const folder = mounts.map((mount) => join(roots.cgroup, mount, path)).find((at) => usageOf(at) !== null);
    if (folder !== undefined) return () => usageOf(folder);
  }
  return null;
}

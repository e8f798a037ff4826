import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Scope } from './scope.ts';

const root = '/sys/fs/cgroup';
/** The older hierarchy has a tree for memory alone; the newer one has one tree for everything. */
const versions = [
  { tree: join(root, 'memory'), limit: 'memory.limit_in_bytes', events: 'memory.oom_control' },
  { tree: root, limit: 'memory.max', events: 'memory.events' },
];

export interface MemoryGroup {
  /** Runs a program in it. */
  within: string[];
  /** How many of its processes the kernel has killed for memory. */
  kills: () => number;
}

/** A group of processes with so much memory and no swap; undefined where this user may not make one. */
export function openMemoryGroup(scope: Scope, megabytes: number): MemoryGroup | undefined {
  const version = versions.find(
    ({ tree, limit }) => existsSync(join(tree, limit)) || existsSync(join(tree, 'cgroup.procs')),
  );
  if (!version) return undefined;
  const folder = join(version.tree, `ffrtmp-test-${process.pid}-${Date.now()}`);
  try {
    mkdirSync(folder);
    writeFileSync(join(folder, version.limit), String(megabytes << 20));
  } catch {
    if (existsSync(folder)) rmdirSync(folder);
    return undefined;
  }
  scope.onEnd(() => rmdirSync(folder));
  const enter = ['/bin/sh', '-c', 'echo $$ > "$0" && exec "$@"', join(folder, 'cgroup.procs')];
  const kills = () => Number(/^oom_kill (\d+)$/m.exec(readFileSync(join(folder, version.events), 'utf8'))?.[1] ?? 0);
  return { within: enter, kills };
}

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatBytes } from '@ffrtmp/shared/media/units';
import type { Check } from '@ffrtmp/shared/node/diagnosis';
import { freeBytes } from '../agent/job-dir.ts';
import type { Hardware, Roots } from '../hardware/detect.ts';
import { machineThreads } from '../power/process-tree.ts';

/** A film in and a film out; below the second an attempt of a small clip is refused. */
const COMFORTABLE_BYTES = 10e9;
const LEAST_BYTES = 1e9;

export function diskCheck(dataDir: string): Check {
  const bytes = freeBytes(dataDir);
  const text = `${formatBytes(bytes)} free in ${dataDir}`;
  const fix = 'free some space, or choose another place with --data-dir';
  if (bytes < LEAST_BYTES) return { name: 'disk', status: 'problem', cause: 'disk-full', text, fix };
  if (bytes < COMFORTABLE_BYTES) return { name: 'disk', status: 'warning', cause: 'disk-low', text, fix };
  return { name: 'disk', status: 'ok', cause: null, text, fix: null };
}

function cgroupVersion(root: string): string {
  if (existsSync(join(root, 'cgroup.controllers'))) return 'v2';
  if (existsSync(join(root, 'unified/cgroup.controllers')) || existsSync(join(root, 'unified/cgroup.procs')))
    return 'v1 with a v2 tree beside it';
  return existsSync(join(root, 'cpu')) || existsSync(join(root, 'cpu,cpuacct')) ? 'v1' : 'none found';
}

/** Which limits hold for this agent. They are no fault, but they explain a slow node. */
export function cgroupCheck(roots: Roots, hardware: Pick<Hardware, 'cpu_threads' | 'ram_bytes'>): Check {
  const all = machineThreads(roots.proc);
  const { cpu_threads, ram_bytes } = hardware;
  const total = Number(/^MemTotal:\s+(\d+) kB/m.exec(readOr(`${roots.proc}/meminfo`))?.[1] ?? 0) * 1024;
  const limits = [
    ...(cpu_threads < all ? [`${cpu_threads} of ${all} threads`] : []),
    ...(total > 0 && ram_bytes < total ? [`${formatBytes(ram_bytes)} of ${formatBytes(total)}`] : []),
  ];
  const limited = limits.length > 0 ? `limits this agent to ${limits.join(' and ')}` : 'sets no limit';
  const status = limits.length > 0 ? 'note' : 'ok';
  const text = `${cgroupVersion(roots.cgroup)}; it ${limited}`;
  return { name: 'cgroup', status, cause: null, text, fix: null };
}

function readOr(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

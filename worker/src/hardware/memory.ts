import { readFile } from 'node:fs/promises';
import { totalmem } from 'node:os';
import { cgroupFolders } from './cgroup.ts';

const readOr = (path: string) => readFile(path, 'utf8').catch(() => '');

async function limitOf(folder: string): Promise<number | null> {
  const text = (await readOr(`${folder}/memory.max`)) || (await readOr(`${folder}/memory.limit_in_bytes`));
  const bytes = Number(text.trim() || Number.NaN);
  return bytes > 0 ? bytes : null;
}

/** Memory this process may use: the machine's, or less by the limit of any cgroup above. */
export async function ramBytes(roots: { proc: string; cgroup: string }): Promise<number> {
  const total = /^MemTotal:\s+(\d+) kB/m.exec(await readOr(`${roots.proc}/meminfo`));
  const limits = await Promise.all((await cgroupFolders(roots, 'memory')).map(limitOf));
  // v1 writes "no limit" as a number near 2^63, which the minimum swallows.
  return Math.min(total ? Number(total[1]) * 1024 : totalmem(), ...limits.filter((limit) => limit !== null));
}

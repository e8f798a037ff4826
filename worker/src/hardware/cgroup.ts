import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** Deeper trees than this exist nowhere; it bounds the walk upwards. */
const DEPTH_MAX = 32;

function ancestors(root: string, path: string): string[] {
  const folders: string[] = [];
  for (let at = path; folders.length < DEPTH_MAX; at = dirname(at)) {
    folders.push(join(root, at));
    if (at === '/' || at === '.') break;
  }
  return folders;
}

/**
 * The folders whose limits hold for this process, own first, for one controller: v2 (`0::/path`) and v1
 * (`4:memory:/path`), each with all folders above it. In a container the own path often is not mounted, only its root.
 */
export async function cgroupFolders(
  roots: { proc: string; cgroup: string },
  controller: 'cpu' | 'memory',
): Promise<string[]> {
  const text = await readFile(`${roots.proc}/self/cgroup`, 'utf8').catch(() => '');
  return text.split('\n').flatMap((line) => {
    const [, names, path] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? [];
    if (path === undefined || names === undefined) return [];
    if (names === '') return [...ancestors(roots.cgroup, path), ...ancestors(`${roots.cgroup}/unified`, path)];
    if (!names.split(',').includes(controller)) return [];
    const mounts = new Set([controller, names]);
    return [...mounts].flatMap((mount) => ancestors(join(roots.cgroup, mount), path));
  });
}

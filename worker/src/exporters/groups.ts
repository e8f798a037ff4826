import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

export type GroupKind = 'root' | 'slice' | 'service' | 'container';

/** A control group of the v2 tree. */
export interface Group {
  kind: GroupKind;
  /** `system.slice`, `cron.service`, `docker-2f7c0d91aa3e`: short, and the same at each look. */
  name: string;
  path: string;
}

/** What one group has used. null = its kernel does not count that here (the controller is off, or it is the root). */
export interface GroupUse {
  cpuS: number | null;
  memoryBytes: number | null;
  readBytes: number | null;
  writtenBytes: number | null;
}

/** pods > burstable > pod > container is the deepest of the known layouts, below a slice. */
const DEPTH_MAX = 6;
/** A host with more than this many groups is looked at as far as that. */
const FOLDERS_MAX = 2000;
const ID_SHOWN = 12;

/**
 * Containers by the folders their engines make: `docker-<id>.scope` (systemd) or `docker/<id>` (cgroupfs), and likewise
 * for podman (`libpod-`), containerd (`cri-containerd-`), CRI-O (`crio-`). Pure.
 */
export function containerName(folder: string, parent: string): string | null {
  const scope = /^(docker|libpod|cri-containerd|crio)-([0-9a-f]{64})\.scope$/.exec(folder);
  if (scope) return `${scope[1]}-${scope[2]?.slice(0, ID_SHOWN)}`;
  if (/^libpod-[0-9a-f]{64}$/.test(folder)) return folder.slice(0, 'libpod-'.length + ID_SHOWN);
  if (!/^[0-9a-f]{64}$/.test(folder)) return null;
  return `${parent.startsWith('pod') ? 'pod' : parent}-${folder.slice(0, ID_SHOWN)}`;
}

function kindOf(folder: string, parent: string, depth: number): Pick<Group, 'kind' | 'name'> | null {
  const container = containerName(folder, parent);
  if (container !== null) return { kind: 'container', name: container };
  if (depth === 1) return { kind: 'slice', name: folder };
  // Those of the host alone: their names are unique, and set by whoever set it up. Sessions come and go with people.
  return parent === 'system.slice' && folder.endsWith('.service') ? { kind: 'service', name: folder } : null;
}

/** All groups of the tree that have a name of their own, the upper ones first. A container is not looked into. */
export async function findGroups(root: string): Promise<Group[]> {
  const groups: Group[] = [{ kind: 'root', name: '/', path: root }];
  let open = [{ path: root, folder: '', depth: 0 }];
  let seen = 0;
  while (open.length > 0 && seen < FOLDERS_MAX) {
    const next: typeof open = [];
    for (const { path, folder: parent, depth } of open) {
      const entries = await readdir(path, { withFileTypes: true }).catch(() => []);
      const folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
      for (const folder of folders.sort()) {
        seen += 1;
        const known = kindOf(folder, parent, depth + 1);
        const at = join(path, folder);
        if (known) groups.push({ ...known, path: at });
        const inside = known?.kind === 'container' || known?.kind === 'service' || depth + 1 >= DEPTH_MAX;
        if (!inside) next.push({ path: at, folder, depth: depth + 1 });
      }
    }
    open = next;
  }
  return groups;
}

const textOf = (path: string) => readFile(path, 'latin1').catch(() => '');

/** Bytes of an `io.stat` file (`8:0 rbytes=1 wbytes=2 …`), over all devices; null without a line. Pure. */
export function ioBytes(text: string, field: 'rbytes' | 'wbytes'): number | null {
  const found = [...text.matchAll(new RegExp(`\\b${field}=(\\d+)`, 'g'))];
  return found.length === 0 ? null : found.reduce((sum, [, bytes]) => sum + Number(bytes), 0);
}

/** What a group has used so far; null when it is gone. */
export async function readGroup(path: string): Promise<GroupUse | null> {
  const [cpu, memory, io] = await Promise.all(
    ['cpu.stat', 'memory.current', 'io.stat'].map((file) => textOf(join(path, file))),
  );
  const usec = /^usage_usec (\d+)$/m.exec(cpu ?? '')?.[1];
  const bytes = /^\d+$/.exec((memory ?? '').trim())?.[0];
  if (usec === undefined && bytes === undefined) return null;
  return {
    cpuS: usec === undefined ? null : Number(usec) / 1e6,
    memoryBytes: bytes === undefined ? null : Number(bytes),
    readBytes: ioBytes(io ?? '', 'rbytes'),
    writtenBytes: ioBytes(io ?? '', 'wbytes'),
  };
}

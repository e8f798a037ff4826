import { readFile } from 'node:fs/promises';
import { cgroupFolders } from './cgroup.ts';

/** What /proc/cpuinfo says of the first processor. Numbers are null where the architecture has none. */
export interface CpuInfo {
  vendor: string;
  name: string;
  family: number | null;
  model: number | null;
  stepping: number | null;
  /** ARM part number, e.g. 0xd0c for Neoverse N1. */
  part: number | null;
  virtual: boolean;
}

/** ARM gives part numbers instead of names (MIDR_EL1); these are the server cores in use. */
const armParts: Record<string, string> = {
  d0c: 'Neoverse-N1',
  d40: 'Neoverse-V1',
  d49: 'Neoverse-N2',
  d4f: 'Neoverse-V2',
};

export function parseCpuInfo(text: string): CpuInfo {
  const field = (key: string) => new RegExp(`^${key}\\s*:\\s*(.*)$`, 'mi').exec(text)?.[1]?.trim();
  const numberOf = (value: string | undefined) => (value === undefined || value === '' ? null : Number(value));
  const part = numberOf(field('CPU part'));
  const vendor = field('vendor_id') ?? (part === null ? 'unknown' : 'ARM');
  const armName = part === null ? undefined : `ARM ${armParts[part.toString(16)] ?? `part 0x${part.toString(16)}`}`;
  return {
    vendor,
    name: (field('model name') ?? armName ?? 'unknown CPU').replace(/\s+/g, ' ').slice(0, 200),
    family: numberOf(field('cpu family')),
    model: numberOf(field('model')),
    stepping: numberOf(field('stepping')),
    part,
    virtual: / hypervisor\b/.test(field('flags') ?? ''),
  };
}

export async function readCpuInfo(proc: string): Promise<CpuInfo> {
  return parseCpuInfo(await readFile(`${proc}/cpuinfo`, 'utf8').catch(() => ''));
}

const readOr = (path: string) => readFile(path, 'utf8').catch(() => '');

/** CPUs that one cgroup folder allows, or null for no limit: v2 says `quota period`, v1 has a file for each. */
async function quotaOf(folder: string): Promise<number | null> {
  const [max = '', period = ''] = (await readOr(`${folder}/cpu.max`)).trim().split(/\s+/);
  if (Number(max) > 0 && Number(period) > 0) return Number(max) / Number(period);
  const quota = Number(await readOr(`${folder}/cpu.cfs_quota_us`));
  const every = Number(await readOr(`${folder}/cpu.cfs_period_us`));
  return quota > 0 && every > 0 ? quota / every : null;
}

/** Threads this process may use: those online and allowed (`available`), or fewer by the quota of any cgroup above. */
export async function cpuThreads(roots: { proc: string; cgroup: string }, available: number): Promise<number> {
  const quotas = await Promise.all((await cgroupFolders(roots, 'cpu')).map(quotaOf));
  // A quota of 1.5 CPUs can keep two threads busy most of the time, so it is rounded up.
  const limits = quotas.filter((quota) => quota !== null).map((quota) => Math.max(1, Math.ceil(quota)));
  return Math.min(available, ...limits);
}

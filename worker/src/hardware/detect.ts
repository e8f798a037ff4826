import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { hasBattery } from './battery.ts';
import { type CpuInfo, cpuThreads, readCpuInfo } from './cpu.ts';
import { detectGpus, type Gpu } from './gpu.ts';
import { ramBytes } from './memory.ts';

/** Where the kernel's trees lie; tests plant their own. */
export interface Roots {
  proc: string;
  sys: string;
  cgroup: string;
}

export const systemRoots: Roots = { proc: '/proc', sys: '/sys', cgroup: '/sys/fs/cgroup' };

export interface Hardware {
  cpu: CpuInfo;
  cpu_model: string;
  cpu_threads: number;
  ram_bytes: number;
  battery: boolean;
  gpus: Gpu[];
  /** CPU frequency governor, or null where the kernel shows none (most virtual machines). */
  governor: string | null;
  machine_id: string | null;
}

const readOrNull = async (path: string) => (await readFile(path, 'utf8').catch(() => '')).trim() || null;

/** What this machine has. Nothing here throws: what cannot be read is left out. */
export async function detectHardware(
  roots: Roots,
  machineIdFile = '/etc/machine-id',
  available = availableParallelism(),
): Promise<Hardware> {
  const [cpu, threads, ram, battery, gpus, governor, machineId] = await Promise.all([
    readCpuInfo(roots.proc),
    cpuThreads(roots, available),
    ramBytes(roots),
    hasBattery(roots.sys),
    detectGpus(roots.sys),
    readOrNull(`${roots.sys}/devices/system/cpu/cpu0/cpufreq/scaling_governor`),
    readOrNull(machineIdFile),
  ]);
  return {
    cpu,
    cpu_model: cpu.name,
    cpu_threads: threads,
    ram_bytes: ram,
    battery,
    gpus,
    governor,
    machine_id: machineId,
  };
}

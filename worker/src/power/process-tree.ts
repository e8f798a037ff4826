import { readdirSync, readFileSync } from 'node:fs';

/** USER_HZ, the unit of /proc: 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;
/** A transcode has a handful of processes; this bounds the walk should something fork without end. */
const PROCESSES_MAX = 1000;

function ticksOf(proc: string, pid: number): number | null {
  try {
    const stat = readFileSync(`${proc}/${pid}/stat`, 'latin1');
    // The name stands in brackets and may hold spaces and brackets itself, so counting starts after the last one.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // utime, stime, and the same of children already reaped: fields 14 to 17 of proc(5).
    return Number(fields[11]) + Number(fields[12]) + Number(fields[13]) + Number(fields[14]);
  } catch {
    return null;
  }
}

function readWords(path: string): string[] {
  try {
    return readFileSync(path, 'latin1').split(' ').filter(Boolean);
  } catch {
    // The thread ended since it was listed; its children are seen at the next sample.
    return [];
  }
}

function childrenOf(proc: string, pid: number): number[] {
  try {
    const threads = readdirSync(`${proc}/${pid}/task`);
    return threads.flatMap((thread) => readWords(`${proc}/${pid}/task/${thread}/children`)).map(Number);
  } catch {
    return [];
  }
}

/** CPU seconds of a process tree, and who belongs to it now. */
export interface TreeUse {
  cpuS: number;
  pids: number[];
}

/**
 * CPU seconds that a process, its living descendants and the descendants they have reaped have used so far, or null
 * when the process is gone. Reads some small files, about 0.1 ms for ffmpeg with 20 threads.
 */
export function processTree(proc: string, pid: number): TreeUse | null {
  const own = ticksOf(proc, pid);
  if (own === null) return null;
  let ticks = own;
  const pids = [pid];
  const open = childrenOf(proc, pid);
  while (open.length > 0 && pids.length < PROCESSES_MAX) {
    const child = open.pop() ?? 0;
    pids.push(child);
    ticks += ticksOf(proc, child) ?? 0;
    open.push(...childrenOf(proc, child));
  }
  return { cpuS: ticks / TICKS_PER_SECOND, pids };
}

/** CPU seconds of a process tree so far, or null when the process is gone. */
export const processTreeCpuSeconds = (proc: string, pid: number): number | null => processTree(proc, pid)?.cpuS ?? null;

/** CPU seconds that the whole machine has been busy since boot, or null when /proc/stat does not say. */
export function machineBusySeconds(proc: string): number | null {
  try {
    const line = /^cpu +(.*)$/m.exec(readFileSync(`${proc}/stat`, 'latin1'));
    const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = (line?.[1] ?? '').split(' ').map(Number);
    return line ? (user + nice + system + irq + softirq) / TICKS_PER_SECOND : null;
  } catch {
    return null;
  }
}

/** Hardware threads of the whole machine, whatever a cgroup leaves to this process; 1 when /proc/stat does not say. */
export function machineThreads(proc: string): number {
  try {
    return Math.max(1, readFileSync(`${proc}/stat`, 'latin1').match(/^cpu\d+ /gm)?.length ?? 1);
  } catch {
    return 1;
  }
}

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

/**
 * CPU seconds that a process, its living descendants and the descendants they have reaped have used so far, or null
 * when the process is gone. Reads some small files, about 0.1 ms for ffmpeg with 20 threads.
 */
export function processTreeCpuSeconds(proc: string, pid: number): number | null {
  const own = ticksOf(proc, pid);
  if (own === null) return null;
  let ticks = own;
  const open = childrenOf(proc, pid);
  for (let seen = 0; open.length > 0 && seen < PROCESSES_MAX; seen += 1) {
    const child = open.pop() ?? 0;
    ticks += ticksOf(proc, child) ?? 0;
    open.push(...childrenOf(proc, child));
  }
  return ticks / TICKS_PER_SECOND;
}

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

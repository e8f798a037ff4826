import { readFileSync } from 'node:fs';
import { processTreeCpuSeconds } from '../../power/process-tree.ts';

/** Memory and CPU time of a run are read this often; the last read comes at the end of the streams. */
const INTERVAL_MS = 1000;

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // The process has ended, or belongs to somebody else: what was read before stays.
    return '';
  }
}

/**
 * Follows one process: CPU seconds, peak memory, and whether it wrote to disk (moving the index of a large mp4 to the
 * front takes minutes in which ffmpeg reports nothing). `pid` null = it never started.
 */
export function createUsageMeter(pid: number | null, onDiskBytes: (bytes: number) => void, proc = '/proc') {
  let cpuSeconds = 0;
  let maxRssMb = 0;
  const read = () => {
    if (pid === null) return;
    cpuSeconds = Math.max(cpuSeconds, processTreeCpuSeconds(proc, pid) ?? 0);
    const peak = /^VmHWM:\s+(\d+) kB/m.exec(readText(`${proc}/${pid}/status`));
    maxRssMb = Math.max(maxRssMb, (Number(peak?.[1] ?? 0) * 1024) / 1e6);
    const written = /^write_bytes: (\d+)/m.exec(readText(`${proc}/${pid}/io`));
    if (written) onDiskBytes(Number(written[1]));
  };
  const timer = setInterval(read, INTERVAL_MS);
  timer.unref();
  return { read, stop: () => clearInterval(timer), cpuSeconds: () => cpuSeconds, maxRssMb: () => maxRssMb };
}

import type { Snapshot } from './progress.ts';

/** The clock is looked at this often, or four times within a shorter limit. */
const CHECK_MS = 1000;

/**
 * Ends a run that stands still or takes too long: calls `onLimit` with the sentence for people. Standing still means
 * neither frames, nor media time, nor output bytes, nor bytes on disk have changed. Uses the monotonic clock.
 */
export function createWatchdog(stallMs: number, timeoutMs: number | null, onLimit: (message: string) => void) {
  const startedMs = performance.now();
  let movedMs = startedMs;
  let last = '';
  let lastWritten = 0;
  const check = () => {
    const nowMs = performance.now();
    if (timeoutMs !== null && nowMs - startedMs > timeoutMs)
      onLimit(`ran longer than its limit of ${timeoutMs / 1000} s`);
    else if (nowMs - movedMs > stallMs) onLimit(`stalled: no progress for ${stallMs / 1000} s`);
  };
  const timer = setInterval(check, Math.max(10, Math.min(CHECK_MS, stallMs / 4, (timeoutMs ?? stallMs) / 4)));
  return {
    sawProgress(snapshot: Snapshot) {
      const now = `${snapshot.frame} ${snapshot.out_time_us} ${snapshot.total_size}`;
      if (now !== last) movedMs = performance.now();
      last = now;
    },
    sawWrites(bytes: number) {
      if (bytes !== lastWritten) movedMs = performance.now();
      lastWritten = bytes;
    },
    stop: () => clearInterval(timer),
  };
}

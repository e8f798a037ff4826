import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { formatBytes } from '@ffrtmp/shared/media/units';

/** An encode writes megabytes a second: a second of delay is a small overshoot, and the look costs microseconds. */
const INTERVAL_MS = 1000;

/** Bytes of all files below a folder; files that vanish meanwhile count nothing. */
export function folderBytes(folder: string): number {
  let bytes = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    if (entry.isFile()) bytes += statSync(join(entry.parentPath, entry.name), { throwIfNoEntry: false })?.size ?? 0;
  }
  return bytes;
}

/** Reports once when a folder has grown beyond `maxBytes` (null = no limit). */
export function watchDisk(
  folder: string,
  maxBytes: number | null,
  onLimit: (message: string) => void,
): { stop: () => void } {
  if (maxBytes === null) return { stop: () => undefined };
  const timer = setInterval(() => {
    const bytes = folderBytes(folder);
    if (bytes > maxBytes)
      onLimit(`its files grew to ${formatBytes(bytes)}; the job's limit is ${formatBytes(maxBytes)}`);
  }, INTERVAL_MS);
  timer.unref();
  return { stop: () => clearInterval(timer) };
}

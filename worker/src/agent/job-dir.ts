import { mkdirSync, readdirSync, rmSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { FfrtmpError } from '@ffrtmp/shared/contract/errors';
import { formatBytes } from '@ffrtmp/shared/media/units';

/** Kept free beside every job, so that a full disk fails one job and not the machine. */
const RESERVED_BYTES = 256 << 20;

/** One folder an attempt below the data directory: everything an attempt writes lies in it and goes with it. */
export function makeJobDir(dataDir: string, attemptId: string): string {
  const folder = join(dataDir, 'jobs', attemptId);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return folder;
}

export const removeJobDir = (folder: string) => rmSync(folder, { recursive: true, force: true });

/**
 * At start: whatever an earlier agent left. Its processes died with it (the kernel saw to that), its leases were released
 * or are somebody else's, so the files belong to nobody.
 */
export function sweepJobDirs(dataDir: string): string[] {
  const jobs = join(dataDir, 'jobs');
  mkdirSync(jobs, { recursive: true, mode: 0o700 });
  const left = readdirSync(jobs);
  for (const name of left) rmSync(join(jobs, name), { recursive: true, force: true });
  return left;
}

/** The disk guard: refuses to begin what would fill the disk. `bytes` is what the attempt will need at least. */
export function requireDisk(dataDir: string, bytes: number): void {
  const free = freeBytes(dataDir);
  if (bytes + RESERVED_BYTES <= free) return;
  throw new FfrtmpError(
    'insufficient_storage',
    `this node has ${formatBytes(free)} free and needs ${formatBytes(bytes + RESERVED_BYTES)}`,
  );
}

/** Asked at once: microseconds on a local disk, where the thread pool costs a job a millisecond before its engine starts. */
export function freeBytes(folder: string): number {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}

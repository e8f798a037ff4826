import { mkdirSync } from 'node:fs';
import { open, rename, rm, stat, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileDigest } from '@ffrtmp/runtime/digest';
import { FfrtmpError } from '@ffrtmp/shared/contract/errors';
import { formatBytes } from '@ffrtmp/shared/media/units';
import type { Clock } from '../clock.ts';
import type { Committer } from '../database/commit.ts';
import { insertFile, insertOwner, ownedFile } from './store.ts';

/** Kept free beside every upload, so that the database can always commit. */
export const RESERVED_BYTES = 256 << 20;

export interface StoredFile {
  sha256: string;
  bytes: number;
}

/** Files by digest. The bytes are shared; whose they are is a row, and a digest alone never opens a file. */
export interface Library {
  uploadsDir: string;
  path: (sha256: string) => string;
  find: (tenantId: string, sha256: string) => Promise<StoredFile | undefined>;
  /** Moves finished bytes to their digest, durably, and records the owner. A wrong digest deletes them. */
  adopt: (tenantId: string, path: string, expected: string | undefined) => Promise<StoredFile>;
  /** Refuses an upload that would fill the disk, before its first byte. */
  makeRoom: (bytes: number) => Promise<void>;
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  await folder.sync();
  await folder.close();
}

export function openLibrary(parts: { db: Committer; clock: Clock; dataDir: string }): Library {
  const { db, clock, dataDir } = parts;
  const filesDir = join(dataDir, 'files');
  const uploadsDir = join(dataDir, 'uploads');
  for (const folder of [filesDir, uploadsDir]) mkdirSync(folder, { recursive: true, mode: 0o700 });
  const path = (sha256: string) => join(filesDir, sha256.slice(0, 2), sha256);
  return {
    uploadsDir,
    path,
    find: async (tenant, sha256) => (await db.read(ownedFile, { tenant, sha256 }))[0],
    async adopt(tenant, from, expected) {
      const sha256 = await fileDigest(from);
      if (expected !== undefined && expected !== sha256) {
        await rm(from, { force: true });
        throw new FfrtmpError(
          'checksum_mismatch',
          `the bytes that arrived have digest ${sha256}, not ${expected}: upload them again`,
        );
      }
      const { size: bytes } = await stat(from);
      const to = path(sha256);
      const file = await open(from, 'r+');
      await file.sync();
      await file.close();
      mkdirSync(dirname(to), { recursive: true, mode: 0o700 });
      await rename(from, to);
      await syncFolder(dirname(to));
      await syncFolder(filesDir);
      await db.write(async (tx) => {
        await tx.run(insertFile, { sha256, bytes, now: clock.now() });
        await tx.run(insertOwner, { tenant, sha256, now: clock.now() });
      });
      return { sha256, bytes };
    },
    async makeRoom(bytes) {
      const { bavail, bsize } = await statfs(uploadsDir);
      const free = bavail * bsize;
      if (bytes + RESERVED_BYTES <= free) return;
      throw new FfrtmpError(
        'insufficient_storage',
        `the master has ${formatBytes(free)} free and keeps ${formatBytes(RESERVED_BYTES)} of it: an upload of ${formatBytes(bytes)} does not fit; free space in its data directory`,
        { free_bytes: free, reserved_bytes: RESERVED_BYTES },
      );
    },
  };
}

import { mkdirSync } from 'node:fs';
import { open, rename, rm, stat, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Clock } from '@ffrtmp/runtime/clock';
import { fileDigest } from '@ffrtmp/runtime/digest';
import { FfrtmpError } from '@ffrtmp/shared/contract/errors';
import { formatBytes } from '@ffrtmp/shared/media/units';
import type { Committer } from '../database/commit.ts';
import type { Run } from '../database/statement.ts';
import { forgetPruned, insertFile, insertOwner, insertUnnamed, ownedFile, prunedFile, touchOwned } from './store.ts';

/** Kept free beside every upload, so that the database can always commit. */
export const RESERVED_BYTES = 256 << 20;

export interface StoredFile {
  sha256: string;
  bytes: number;
}

export interface Uploader {
  tenantId: string;
  /** Nodes bring outputs, which are nothing until a result that names them is accepted. */
  isNode: boolean;
}

/** Files by digest. The bytes are shared; whose they are is a row, and a digest alone never opens a file. */
export interface Library {
  uploadsDir: string;
  filesDir: string;
  /** Bytes on their way out: whatever lies there may be deleted at any time. */
  trashDir: string;
  path: (sha256: string) => string;
  find: (tenantId: string, sha256: string) => Promise<StoredFile | undefined>;
  /** When retention deleted a file that jobs of the tenant may still name. */
  prunedAt: (tenantId: string, sha256: string) => Promise<number | undefined>;
  /** In the transaction of a job that names the file: keeps it from being pruned, or says that it is not there. */
  hold: (run: Run, tenantId: string, sha256: string) => Promise<boolean>;
  /**
   * Moves finished bytes to their digest, durably, and records the owner. A wrong digest deletes them. The digest of the
   * bytes as they arrived saves reading them again, when it is of all of them.
   */
  adopt: (
    uploader: Uploader,
    path: string,
    expected: string | undefined,
    arrived?: StoredFile | undefined,
  ) => Promise<StoredFile>;
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
  const trashDir = join(dataDir, 'trash');
  for (const folder of [filesDir, uploadsDir, trashDir]) mkdirSync(folder, { recursive: true, mode: 0o700 });
  const path = (sha256: string) => join(filesDir, sha256.slice(0, 2), sha256);
  return {
    uploadsDir,
    filesDir,
    trashDir,
    path,
    find: async (tenant, sha256) => (await db.read(ownedFile, { tenant, sha256 }))[0],
    prunedAt: async (tenant, sha256) => (await db.read(prunedFile, { tenant, sha256 }))[0]?.pruned_at,
    hold: async (run, tenant, sha256) => (await run(touchOwned, { tenant, sha256, now: clock.now() })).length > 0,
    async adopt({ tenantId: tenant, isNode }, from, expected, arrived) {
      const { size: bytes } = await stat(from);
      const sha256 = arrived?.bytes === bytes ? arrived.sha256 : await fileDigest(from);
      if (expected !== undefined && expected !== sha256) {
        await rm(from, { force: true });
        throw new FfrtmpError(
          'checksum_mismatch',
          `the bytes that arrived have digest ${sha256}, not ${expected}: upload them again`,
        );
      }
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
        await tx.run(isNode ? insertUnnamed : insertOwner, { tenant, sha256, now: clock.now() });
        await tx.run(forgetPruned, { tenant, sha256 });
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

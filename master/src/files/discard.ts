import { randomBytes } from 'node:crypto';
import { renameSync, statSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Transaction } from '../database/commit.ts';
import type { FileParts } from './prune.ts';
import { claimName, filesBetween, freeName } from './prune-store.ts';

/**
 * Bytes get their name before the commit that holds their row. Those whose name is younger than this may be waiting for
 * that commit, and are left for a later walk.
 */
const YOUNG_MS = 3_600_000;
const BATCH = 50;

/**
 * Deletes bytes that no row names. Their name is taken in a transaction first, so that an upload of the same bytes comes
 * before or after; there they only change their place, and the deletion, which takes long for a film, follows.
 */
export async function discard(parts: FileParts, sha256s: readonly string[]): Promise<number> {
  let discarded = 0;
  for (let from = 0; from < sha256s.length; from += BATCH) {
    const batch = sha256s.slice(from, from + BATCH);
    const trashed = await parts.db.write(async (tx) => {
      const trashed: string[] = [];
      for (const sha256 of batch) trashed.push(...(await trash(parts, tx, sha256)));
      return trashed;
    });
    for (const path of trashed) await rm(path, { force: true });
    discarded += trashed.length;
  }
  return discarded;
}

async function trash(parts: FileParts, { run }: Transaction, sha256: string): Promise<string[]> {
  const [claimed] = await run(claimName, { sha256 });
  if (!claimed) return [];
  const trashed = moveAway(parts, sha256);
  await run(freeName, { sha256 });
  return trashed;
}

function moveAway({ library, clock }: FileParts, sha256: string): string[] {
  const from = library.path(sha256);
  const to = join(library.trashDir, `${sha256}.${randomBytes(4).toString('hex')}`);
  const found = statSync(from, { throwIfNoEntry: false });
  if (!found || clock.now() - found.ctimeMs < YOUNG_MS) return [];
  renameSync(from, to);
  if (statSync(to).ino === found.ino) return [to];
  // An upload came between the look and the move: these bytes are not ours.
  renameSync(to, from);
  return [];
}

/** Walks over all files and removes what no row names: left by a crash between two steps of an upload or a pruning. */
export async function sweepUnnamed(parts: FileParts): Promise<number> {
  const { library, db } = parts;
  for (const name of await readdir(library.trashDir)) await rm(join(library.trashDir, name), { force: true });
  let discarded = 0;
  const prefixes = (await readdir(library.filesDir)).filter((name) => /^[0-9a-f]{2}$/.test(name));
  for (const prefix of prefixes.sort()) {
    if (parts.stopping()) break;
    const names = (await readdir(join(library.filesDir, prefix))).filter((name) => /^[0-9a-f]{64}$/.test(name));
    const rows = await db.read(filesBetween, { from: prefix, until: `${prefix}g` });
    const known = new Set(rows.map((row) => row.sha256));
    const unnamed = names.filter((name) => !known.has(name));
    if (unnamed.length > 0) discarded += await discard(parts, unnamed);
    await parts.pause();
  }
  return discarded;
}

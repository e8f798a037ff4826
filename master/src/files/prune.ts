import type { Clock } from '@ffrtmp/runtime/clock';
import type { Committer } from '../database/commit.ts';
import type { Run } from '../database/statement.ts';
import { discard } from './discard.ts';
import type { Library } from './library.ts';
import {
  bytesOfPage,
  deleteOwner,
  deleteUnowned,
  insertPruned,
  jobsThatMade,
  lastJobOnInput,
  liveJobOnInput,
  ownersUsedBefore,
  prunedBefore,
  setUsed,
  unnamedUsedBefore,
} from './prune-store.ts';
import { forgetPruned } from './store.ts';

/**
 * No file goes within this time after its upload: somebody may be about to submit a job for it, and the result that
 * names an output may still be on its way. As long as an upload may stand unfinished.
 */
export const GRACE_MS = 24 * 3_600_000;
/** Files looked at in one go, and of one run: the next one goes on. */
const PAGE = 100;
const MAX_PAGES = 100;
const SIZES_A_PAGE = 2000;

export interface FileParts {
  db: Pick<Committer, 'read' | 'write'>;
  clock: Pick<Clock, 'now'>;
  library: Library;
  pause: () => Promise<void>;
  stopping: () => boolean;
}

export interface PrunedFiles {
  files: number;
  bytes: number;
}

interface Owner {
  tenant_id: string;
  sha256: string;
  used_at: number;
  named: number;
  bytes: number;
}

/** What jobs say of a file: one that has not ended holds it, ended ones say until when it was of use. */
type Use = { live: true } | { live: false; named: boolean; lastMs: number };

async function useOf({ db, pause }: FileParts, { tenant_id: tenant, sha256 }: Owner): Promise<Use> {
  const [live] = await db.read(liveJobOnInput, { tenant, sha256 });
  if (live) return { live: true };
  const [last] = await db.read(lastJobOnInput, { tenant, sha256 });
  let lastMs = last?.at ?? null;
  for (let after = ''; ; await pause()) {
    const page = await db.read(jobsThatMade, { tenant, sha256, after, limit: PAGE });
    if (page.some((job) => job.completed_at === null)) return { live: true };
    lastMs = page.reduce((latest, job) => Math.max(latest ?? 0, job.completed_at ?? 0), lastMs);
    after = page.at(-1)?.attempt_id ?? after;
    if (page.length < PAGE) return { live: false, named: lastMs !== null, lastMs: lastMs ?? 0 };
  }
}

/**
 * Deletes files: rows first, in a commit, that of the bytes where nobody else owns them; then the bytes. A crash in
 * between leaves bytes without a row, which the next walk finds. What was used since it was looked at stays.
 */
async function evict(parts: FileParts, owners: readonly (Owner & { tell: boolean })[]): Promise<PrunedFiles> {
  const freed = await parts.db.write(async (tx) => {
    const freed: { sha256: string; bytes: number }[] = [];
    for (const { tenant_id: tenant, sha256, used_at: seen, tell } of owners) {
      const [gone] = await tx.run(deleteOwner, { tenant, sha256, seen });
      if (!gone) continue;
      if (tell) await tx.run(insertPruned, { tenant, sha256, now: parts.clock.now() });
      freed.push(...(await tx.run(deleteUnowned, { sha256 })));
    }
    return freed;
  });
  await discard(
    parts,
    freed.map(({ sha256 }) => sha256),
  );
  return { files: freed.length, bytes: freed.reduce((sum, { bytes }) => sum + bytes, 0) };
}

/** Orphans: what nodes have uploaded and no accepted result has named. Everything else is left as it is. */
export function pruneOrphans(parts: FileParts): Promise<PrunedFiles> {
  return prune(parts, {
    candidates: (run) => run(unnamedUsedBefore, { before: parts.clock.now() - GRACE_MS, limit: PAGE }),
    keeps: (use) => use.named,
    wantedBytes: Number.POSITIVE_INFINITY,
  });
}

/** Files of no use to anybody for `keepMs`: since their upload, and since the end of the last job that named them. */
export function pruneByAge(parts: FileParts, keepMs: number): Promise<PrunedFiles> {
  const before = parts.clock.now() - Math.max(keepMs, GRACE_MS);
  return prune(parts, {
    candidates: (run) => run(ownersUsedBefore, { before, limit: PAGE }),
    keeps: () => false,
    wantedBytes: Number.POSITIVE_INFINITY,
  });
}

/** The files that were of no use for longest, until what is left is at most `maxBytes`. */
export async function pruneBySize(parts: FileParts, maxBytes: number): Promise<PrunedFiles> {
  const excess = (await totalBytes(parts)) - maxBytes;
  const before = parts.clock.now() - GRACE_MS;
  return prune(parts, {
    candidates: (run) => run(ownersUsedBefore, { before, limit: PAGE }),
    keeps: () => false,
    wantedBytes: excess,
  });
}

async function totalBytes({ db, pause }: FileParts): Promise<number> {
  let total = 0;
  for (let after = ''; ; await pause()) {
    const [page] = await db.read(bytesOfPage, { after, limit: SIZES_A_PAGE });
    if (!page?.last) return total;
    total += page.bytes ?? 0;
    after = page.last;
  }
}

interface Rule {
  /** In the order in which they go; what is kept is moved out of their way. */
  candidates: (run: Run) => Promise<Owner[]>;
  keeps: (use: { named: boolean }) => boolean;
  /** No more than it takes to free this much. */
  wantedBytes: number;
}

/**
 * `used_at` may be too early, never too late: a candidate is asked after its jobs, and either moves on to where it
 * belongs or is really the next to go. So the order is kept without writing a row at the end of every job.
 */
async function prune(parts: FileParts, rule: Rule): Promise<PrunedFiles> {
  const { db, clock } = parts;
  const pruned: PrunedFiles = { files: 0, bytes: 0 };
  for (let page = 0; page < MAX_PAGES && !parts.stopping() && pruned.bytes < rule.wantedBytes; page += 1) {
    const owners = await rule.candidates(db.read);
    if (owners.length === 0) break;
    const goes: (Owner & { tell: boolean })[] = [];
    const stays: (Owner & { to: number })[] = [];
    for (const owner of owners) {
      const use = await useOf(parts, owner);
      if (use.live) stays.push({ ...owner, to: clock.now() });
      else if (rule.keeps(use) || use.lastMs > owner.used_at)
        stays.push({ ...owner, to: Math.max(use.lastMs, owner.used_at) });
      else goes.push({ ...owner, tell: use.named || owner.named === 1 });
    }
    await db.write(async (tx) => {
      for (const { tenant_id: tenant, sha256, used_at: seen, to } of stays)
        await tx.run(setUsed, { tenant, sha256, seen, to, named: 1 });
    });
    const freed = await evict(parts, firstBytes(goes, rule.wantedBytes - pruned.bytes));
    pruned.files += freed.files;
    pruned.bytes += freed.bytes;
    await parts.pause();
  }
  return pruned;
}

/** As many of the first as it takes to reach so many bytes. */
function firstBytes<T extends { bytes: number }>(owners: readonly T[], wantedBytes: number): T[] {
  let before = 0;
  return owners.filter(({ bytes }) => {
    const taken = before < wantedBytes;
    before += bytes;
    return taken;
  });
}

/** Forgets what was pruned so long ago that no job is left to ask for it. */
export async function forgetPrunedBefore({ db }: FileParts, before: number): Promise<void> {
  const old = await db.read(prunedBefore, { before, limit: PAGE * MAX_PAGES });
  if (old.length === 0) return;
  await db.write(async (tx) => {
    for (const { tenant_id: tenant, sha256 } of old) await tx.run(forgetPruned, { tenant, sha256 });
  });
}

import type { StoredLog } from '../jobs/logs.ts';
import type { PruneParts } from './prune-parts.ts';
import { fateOfAttempt } from './store.ts';

/** Logs looked at before everything else has its turn: two milliseconds. */
const BATCH = 200;
/** The beginning of an attempt's id is its time: one bucket is 4.7 hours. */
const BUCKET_DIGITS = 6;
/** Names held at once to be put in order; what is beyond waits for the next walk. */
const MAX_SORTED = 20_000;

export interface LogRules {
  /** Logs of attempts that ended before this go; null: none by age. */
  endedBefore: number | null;
  maxBytes: number | null;
}

/**
 * Walks over all logs. Those of attempts that are gone with their jobs always go, those of ended jobs by age and then,
 * oldest first, until what is left is small enough. Logs of jobs that have not ended stay.
 */
export async function pruneLogs(parts: PruneParts, rules: LogRules): Promise<number> {
  let total = 0;
  const ended = new Map<string, number>();
  const removed = await pass(parts, ({ attemptId, bytes }, fate) => {
    if (fate.gone || (fate.over && rules.endedBefore !== null && fate.endedMs < rules.endedBefore)) return true;
    total += bytes;
    const bucket = bucketOf(attemptId);
    if (fate.over) ended.set(bucket, (ended.get(bucket) ?? 0) + bytes);
    return false;
  });
  const excess = total - (rules.maxBytes ?? total);
  return excess > 0 ? removed + (await removeOldest(parts, excess, lastBucketOf(ended, excess))) : removed;
}

const bucketOf = (attemptId: string) => attemptId.slice(0, BUCKET_DIGITS);

/** The youngest bucket that has to be touched so that this much goes. */
function lastBucketOf(ended: ReadonlyMap<string, number>, excess: number): string {
  const buckets = [...ended].sort(([a], [b]) => (a < b ? -1 : 1));
  let freed = 0;
  for (const [bucket, bytes] of buckets) {
    freed += bytes;
    if (freed >= excess) return bucket;
  }
  return buckets.at(-1)?.[0] ?? '';
}

async function removeOldest(parts: PruneParts, excess: number, last: string): Promise<number> {
  const found: StoredLog[] = [];
  await pass(parts, (log, fate) => {
    if (fate.over && bucketOf(log.attemptId) <= last && found.length < MAX_SORTED) found.push(log);
    return false;
  });
  found.sort((a, b) => (a.attemptId < b.attemptId ? -1 : 1));
  let freed = 0;
  const goes = found.filter(({ bytes }) => {
    const wanted = freed < excess;
    freed += bytes;
    return wanted;
  });
  await parts.logs.remove(goes.map((log) => log.attemptId));
  return goes.length;
}

interface Fate {
  /** There is no such attempt. */
  gone: boolean;
  /** Its job has ended. */
  over: boolean;
  endedMs: number;
}

async function fateOf({ db }: PruneParts, attemptId: string): Promise<Fate> {
  const [row] = await db.read(fateOfAttempt, { id: attemptId });
  if (!row) return { gone: true, over: true, endedMs: 0 };
  return { gone: false, over: row.completed_at !== null && row.ended_at !== null, endedMs: row.ended_at ?? 0 };
}

/** Removes the logs that `goes` says; how many those were. */
async function pass(parts: PruneParts, goes: (log: StoredLog, fate: Fate) => boolean): Promise<number> {
  let removed = 0;
  let looked = 0;
  for await (const log of parts.logs.each()) {
    if (parts.stopping()) break;
    if (goes(log, await fateOf(parts, log.attemptId))) {
      await parts.logs.remove([log.attemptId]);
      removed += 1;
    }
    looked += 1;
    if (looked % BATCH === 0) await parts.pause();
  }
  return removed;
}

import type { Transaction } from '../database/commit.ts';
import { markUsed } from '../files/store.ts';
import { storeSums, sumsOfJobs } from '../receipts/daily-sums.ts';
import type { PruneParts } from './prune-parts.ts';
import {
  artifactsOfJob,
  attemptIdsOf,
  deleteEvent,
  deleteEventsOf,
  deleteJob,
  eventsOfNoJob,
  jobsEndedBefore,
} from './store.ts';

/** A job of two attempts and twelve events takes 0.15 to 0.25 ms to sum up and delete: half of what a group may hold up the loop. */
const BATCH = 32;
/** Of one run; the next one goes on. */
const MAX_BATCHES = 300;
const EVENTS_A_BATCH = 500;

/**
 * Deletes jobs that ended before a time, with all that belongs to them. What they add to the sums of their days is
 * written in the same commit, so that nothing is ever counted twice or not at all.
 */
export async function pruneJobs(parts: PruneParts, before: number): Promise<number> {
  let pruned = 0;
  for (let batch = 0; batch < MAX_BATCHES && !parts.stopping(); batch += 1) {
    const gone = await parts.db.write((tx) => pruneBatch(parts, tx, before));
    pruned += gone.jobs;
    // A crash in between leaves logs without an attempt, which the next pass over the logs removes.
    await parts.logs.remove(gone.attemptIds);
    if (gone.jobs < BATCH) break;
    await parts.pause();
  }
  return pruned;
}

async function pruneBatch(
  { onPruned }: PruneParts,
  tx: Transaction,
  before: number,
): Promise<{ jobs: number; attemptIds: string[] }> {
  const jobs = await tx.run(jobsEndedBefore, { before, limit: BATCH });
  await storeSums(tx.run, await sumsOfJobs(tx.run, jobs));
  const attemptIds: string[] = [];
  for (const { seq, id, tenant_id: tenant, input_sha256: input, completed_at: at } of jobs) {
    for (const attempt of await tx.run(attemptIdsOf, { seq })) attemptIds.push(attempt.id);
    const made = (await tx.run(artifactsOfJob, { seq })).map((artifact) => artifact.sha256);
    // From here on nothing else knows that these were of use, and until when.
    for (const sha256 of input === null ? made : [input, ...made]) await tx.run(markUsed, { tenant, sha256, at });
    await tx.run(deleteEventsOf, { job: id });
    await tx.run(deleteJob, { seq });
  }
  tx.afterCommit(() => onPruned(jobs.map(({ state }) => state)));
  return { jobs: jobs.length, attemptIds };
}

/** Events of nodes and queues go by age; those of keys are few, and who could do what when is asked years later. */
export async function pruneEvents(parts: PruneParts, before: number): Promise<number> {
  let pruned = 0;
  for (let batch = 0; batch < MAX_BATCHES && !parts.stopping(); batch += 1) {
    const oldest = await parts.db.read(eventsOfNoJob, { limit: EVENTS_A_BATCH });
    const old = oldest.filter((event) => event.at < before);
    if (old.length === 0) break;
    await parts.db.write(async (tx) => {
      for (const { seq } of old) await tx.run(deleteEvent, { seq });
    });
    pruned += old.length;
    if (old.length < EVENTS_A_BATCH) break;
    await parts.pause();
  }
  return pruned;
}

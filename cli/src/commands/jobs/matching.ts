import { FfrtmpError } from '@ffrtmp/shared/contract/errors';
import { jobOperations, MAX_BULK_CHANGES } from '@ffrtmp/shared/contract/jobs';
import { MAX_PAGE } from '@ffrtmp/shared/contract/parts';
import type { Job } from '@ffrtmp/shared/job/job';
import { createLimit } from '../../api/limit.ts';
import type { Master } from '../../api/master.ts';
import type { Filter } from './filter.ts';

/** What became of the jobs that a filter matched and that the verb can change. */
export interface Changed {
  matched: number;
  changed: number;
  ids: string[];
}

type Bulk = (typeof jobOperations)['cancelMany' | 'retryMany'];
type Change = (typeof jobOperations)['pause' | 'resume'];

/**
 * Cancels or retries everything a filter matches: the master is asked until it does less than it may in one call. A
 * retried job may have failed again meanwhile, so a call that brings nothing new ends it, too.
 */
export async function changeInBulk(master: Master, filter: Filter, operation: Bulk): Promise<Changed> {
  const ids = new Set<string>();
  let unchanged = 0;
  for (;;) {
    const before = ids.size;
    const reply = await master.call(operation, { body: filter });
    for (const id of reply.ids) ids.add(id);
    unchanged = reply.matched - reply.changed;
    if (reply.matched < MAX_BULK_CHANGES || ids.size === before) break;
  }
  return { matched: ids.size + unchanged, changed: ids.size, ids: [...ids] };
}

/** Calls under way at once: they share the master's commits, and no more of them than a browser would open. */
const AT_ONCE = 8;

/**
 * Pauses or resumes what a filter matches, job by job: the API changes by filter only where it ends or repeats work.
 * A job that changes its state meanwhile is no error. Pages go by number, so that a change moves nothing between them.
 */
export async function changeMatching(
  master: Master,
  filter: Filter,
  operation: Change,
  wanted: (job: Job) => boolean,
): Promise<Changed> {
  const limit = createLimit(AT_ONCE);
  const done: Changed = { matched: 0, changed: 0, ids: [] };
  let cursor: string | undefined;
  do {
    const page = await master.call(jobOperations.list, { query: { ...filter, limit: MAX_PAGE, cursor } });
    const jobs = page.jobs.filter(wanted);
    const changed = await Promise.all(jobs.map(({ id }) => limit(() => changeOne(master, operation, id))));
    done.matched += jobs.length;
    done.ids.push(...jobs.filter((_, index) => changed[index]).map((job) => job.id));
    cursor = page.next_cursor ?? undefined;
  } while (cursor !== undefined);
  done.changed = done.ids.length;
  return done;
}

async function changeOne(master: Master, operation: Change, id: string): Promise<boolean> {
  try {
    await master.call(operation, { params: { id } });
    return true;
  } catch (error) {
    if (error instanceof FfrtmpError && error.code === 'conflict') return false;
    throw error;
  }
}

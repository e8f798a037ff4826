import { FfrtmpError } from '@ffrtmp/shared/contract/errors';
import { jobOperations } from '@ffrtmp/shared/contract/jobs';
import { MAX_PAGE } from '@ffrtmp/shared/contract/parts';
import type { Job } from '@ffrtmp/shared/job/job';
import type { Master } from '../../api/master.ts';
import type { Filter } from './filter.ts';

type Change = (typeof jobOperations)['pause' | 'resume'];

/**
 * Pauses or resumes what a filter matches, job by job: the API changes by filter only where it ends or repeats work.
 * A job that changes its state meanwhile is no error.
 */
export async function changeMatching(master: Master, filter: Filter, operation: Change, wanted: (job: Job) => boolean) {
  const jobs = await listMatching(master, filter);
  const ids: string[] = [];
  for (const job of jobs.filter(wanted)) {
    try {
      await master.call(operation, { params: { id: job.id } });
      ids.push(job.id);
    } catch (error) {
      if (!(error instanceof FfrtmpError) || error.code !== 'conflict') throw error;
    }
  }
  return { matched: jobs.length, changed: ids.length, ids };
}

async function listMatching(master: Master, filter: Filter): Promise<Job[]> {
  const jobs: Job[] = [];
  let cursor: string | undefined;
  do {
    const page = await master.call(jobOperations.list, { query: { ...filter, limit: MAX_PAGE, cursor } });
    jobs.push(...page.jobs);
    cursor = page.next_cursor ?? undefined;
  } while (cursor !== undefined);
  return jobs;
}

import type { Event } from '@ffrtmp/shared/contract/system';
import { type JobState, jobStates } from '@ffrtmp/shared/job/state';
import { sql } from 'kysely';
import { type Run, statement } from '../database/statement.ts';
import type { EventLog } from '../events/log.ts';
import { jobCounts } from '../jobs/store.ts';

/** Jobs that were pruned since the database was made, of all tenants: one row a tenant and day. */
export const prunedJobsByState = statement((q) =>
  q
    .selectFrom('daily_jobs')
    .select([
      sql<number>`coalesce(sum(completed), 0)`.as('completed'),
      sql<number>`coalesce(sum(failed), 0)`.as('failed'),
    ])
    .where('dimension', '=', 'tenant'),
);

/** Jobs in each state as memory has counted them, and those that ever ended so. */
export interface JobCounts {
  in: (state: JobState) => number;
  /** Since the database was made: a pruned job was completed all the same, and a retried one has failed once. */
  ever: (state: 'completed' | 'failed') => number;
  /** Retention has deleted jobs that were in these states. */
  pruned: (states: readonly JobState[]) => void;
}

const isState = (text: string | null): text is JobState => jobStates.some((state) => state === text);

/**
 * Counts jobs by the events of their changes. To count the rows at each scrape would hold up the loop for 70 ms with a
 * million jobs (measured, SQLite); they are counted once, at the start.
 */
export async function countJobs(read: Run, events: Pick<EventLog, 'subscribe'>): Promise<JobCounts> {
  const rows = await read(jobCounts);
  const [gone] = await read(prunedJobsByState);
  const now = new Map<JobState, number>(rows.map(({ state, count }) => [state, Number(count)]));
  const count = (state: JobState) => now.get(state) ?? 0;
  const ever = {
    completed: count('completed') + Number(gone?.completed ?? 0),
    failed: count('failed') + Number(gone?.failed ?? 0),
  };
  const add = (state: JobState, change: 1 | -1) => now.set(state, Math.max(0, count(state) + change));

  events.subscribe(({ kind, from, to }: Event) => {
    // A change of place (queue, priority, deadline) is an event of the job, and no change of its state.
    if (kind !== 'job' || from === to || !isState(to) || (from !== null && !isState(from))) return;
    if (from !== null) add(from, -1);
    add(to, 1);
    if (to === 'completed' || to === 'failed') ever[to] += 1;
  });
  return {
    in: count,
    ever: (state) => ever[state],
    pruned: (states) => {
      for (const state of states) add(state, -1);
    },
  };
}

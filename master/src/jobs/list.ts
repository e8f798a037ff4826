import { FfrtmpError } from '@ffrtmp/shared/contract/errors';
import type { Queue } from '@ffrtmp/shared/job/job';
import type { JobState } from '@ffrtmp/shared/job/state';
import { p, type Run, statement } from '../database/statement.ts';
import type { JobRow } from './store.ts';

export interface JobFilter {
  status?: JobState | undefined;
  queue?: Queue | undefined;
  label?: string | undefined;
}

type Wanted = { status: boolean; queue: boolean; label: 'none' | 'name' | 'value' };

/** One prepared statement a shape of filter: each walks the index that serves it, newest first, after the cursor. */
function pageStatement(wanted: Wanted) {
  return statement((q) => {
    let query = q
      .selectFrom('jobs')
      .selectAll('jobs')
      .where('jobs.tenant_id', '=', p<string>('tenant'))
      .where('jobs.seq', '<', p<number>('before'));
    if (wanted.status) query = query.where('jobs.state', '=', p<JobState>('status'));
    if (wanted.queue) query = query.where('jobs.queue', '=', p<Queue>('queue'));
    if (wanted.label !== 'none') {
      query = query.where('jobs.seq', 'in', (eb) => {
        const labels = eb
          .selectFrom('job_labels')
          .select('job_seq')
          .where('job_labels.tenant_id', '=', p<string>('tenant'))
          .where('name', '=', p<string>('name'));
        return wanted.label === 'value' ? labels.where('value', '=', p<string>('value')) : labels;
      });
    }
    return query.orderBy('jobs.seq', 'desc').limit(p<number>('limit'));
  });
}

const statements = new Map<string, ReturnType<typeof pageStatement>>();

/** Jobs of a tenant that match, newest first, with numbers below `before`. */
export async function listJobs(
  run: Run,
  tenant: string,
  filter: JobFilter,
  page: { before: number; limit: number },
): Promise<JobRow[]> {
  const [name = '', ...rest] = filter.label?.split('=') ?? [];
  const label = filter.label === undefined ? 'none' : filter.label.includes('=') ? 'value' : 'name';
  const wanted: Wanted = { status: filter.status !== undefined, queue: filter.queue !== undefined, label };
  const key = JSON.stringify(wanted);
  const query = statements.get(key) ?? pageStatement(wanted);
  statements.set(key, query);
  const values = {
    tenant,
    status: filter.status ?? '',
    queue: filter.queue ?? '',
    name,
    value: rest.join('='),
    ...page,
  };
  return run(query, values);
}

/** A cursor is the number of the last job of a page: rows that change or arrive meanwhile neither skip nor repeat others. */
export function readCursor(cursor: string | undefined): number {
  if (cursor === undefined) return Number.MAX_SAFE_INTEGER;
  if (!/^\d{1,15}$/.test(cursor))
    throw new FfrtmpError('invalid_request', 'query: cursor: use `next_cursor` of the page before');
  return Number(cursor);
}

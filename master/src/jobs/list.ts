import { hash } from 'node:crypto';
import { FfrtmpError } from '@ffrtmp/shared/contract/errors';
import type { Queue } from '@ffrtmp/shared/job/job';
import type { JobState } from '@ffrtmp/shared/job/state';
import type { Kysely, SelectQueryBuilder } from 'kysely';
import type { Dialect } from '../database/migrations/list.ts';
import { p, type Run, statement } from '../database/statement.ts';
import type { Tables } from '../database/tables.ts';
import type { JobRow } from './store.ts';

export interface JobFilter {
  status?: JobState | undefined;
  queue?: Queue | undefined;
  label?: string | undefined;
}

type Wanted = { status: boolean; queue: boolean; label: 'none' | 'name' | 'value' };

/** One prepared statement a shape of filter: each walks the index that serves it, newest first, after the cursor. */
const pageStatement = (wanted: Wanted) =>
  statement((q, dialect) =>
    wanted.label === 'none' ? pageOfAll(q, dialect, wanted) : pageOfLabel(q, dialect, wanted),
  );

function pageOfAll(q: Kysely<Tables>, dialect: Dialect, wanted: Wanted) {
  let query = q.selectFrom('jobs').selectAll('jobs').where('jobs.tenant_id', '=', p<string>('tenant'));
  if (wanted.queue) query = query.where('jobs.queue', '=', p<Queue>('queue'));
  if (wanted.status && dialect === 'postgres') query = belowInState(query);
  else {
    if (wanted.status) query = query.where('jobs.state', '=', p<JobState>('status'));
    query = query.where('jobs.seq', '<', p<number>('before'));
  }
  return query.orderBy('jobs.seq', 'desc').limit(p<number>('limit'));
}

/**
 * PostgreSQL, once it has seen one frequent state, walks all jobs for a rare one. Bounds and an order that name the state
 * too, and never set it equal, leave it the index of states alone.
 */
const belowInState = <Row>(query: SelectQueryBuilder<Tables, 'jobs', Row>) =>
  query
    .where('jobs.state', '>=', p<JobState>('status'))
    .where((eb) => eb(eb.refTuple('jobs.state', 'jobs.seq'), '<', eb.tuple(p<JobState>('status'), p<number>('before'))))
    .orderBy('jobs.state', 'desc');

/** The label leads to its jobs, never every job to its labels. */
function pageOfLabel(q: Kysely<Tables>, dialect: Dialect, wanted: Wanted) {
  let query = q
    .selectFrom('job_labels')
    .crossJoin('jobs')
    .selectAll('jobs')
    .whereRef('jobs.seq', '=', 'job_labels.job_seq');
  if (dialect === 'postgres') query = belowInLabel(query);
  else
    query = query
      .where('job_labels.tenant_id', '=', p<string>('tenant'))
      .where('job_labels.name', '=', p<string>('name'))
      .where('job_labels.job_seq', '<', p<number>('before'));
  if (wanted.label === 'value') query = query.where('job_labels.value', '=', p<string>('value'));
  if (wanted.status) query = query.where('jobs.state', '=', p<JobState>('status'));
  if (wanted.queue) query = query.where('jobs.queue', '=', p<Queue>('queue'));
  return query.orderBy('job_labels.job_seq', 'desc').limit(p<number>('limit'));
}

/** The same for labels: a rare one is not looked for among all of them. */
const belowInLabel = <Row>(query: SelectQueryBuilder<Tables, 'job_labels' | 'jobs', Row>) =>
  query
    .where((eb) =>
      eb(
        eb.refTuple('job_labels.tenant_id', 'job_labels.name', 'job_labels.job_seq'),
        '<',
        eb.tuple(p<string>('tenant'), p<string>('name'), p<number>('before')),
      ),
    )
    .where((eb) =>
      eb(
        eb.refTuple('job_labels.tenant_id', 'job_labels.name'),
        '>=',
        eb.tuple(p<string>('tenant'), p<string>('name')),
      ),
    )
    .orderBy('job_labels.tenant_id', 'desc')
    .orderBy('job_labels.name', 'desc');

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

const filterMark = (filter: JobFilter) =>
  hash('sha256', JSON.stringify([filter.status, filter.queue, filter.label]), 'hex').slice(0, 8);

/** A cursor names the last job of a page and the query it belongs to: rows that change meanwhile neither skip nor repeat others. */
export const cursorAfter = (filter: JobFilter, seq: number) => `${seq}.${filterMark(filter)}`;

export function readCursor(filter: JobFilter, cursor: string | undefined): number {
  if (cursor === undefined) return Number.MAX_SAFE_INTEGER;
  const [, seq, mark] = /^(\d{1,15})\.([0-9a-f]{8})$/.exec(cursor) ?? [];
  if (seq === undefined || mark !== filterMark(filter))
    throw new FfrtmpError(
      'invalid_request',
      'query: cursor: use `next_cursor` of the page before, with the same filter',
    );
  return Number(seq);
}

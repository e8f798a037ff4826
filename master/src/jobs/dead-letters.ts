import { type DeadLetter, jobOperations } from '@ffrtmp/shared/contract/jobs';
import { isoOrNull } from '../clock.ts';
import { p, statement } from '../database/statement.ts';
import { type Handler, handle } from '../http/serve.ts';
import type { StoredResult } from './finish.ts';
import { cursorAfter, type JobFilter, listJobs, readCursor } from './list.ts';
import type { LogStore } from './logs.ts';
import type { JobParts } from './parts.ts';
import { type JobRow, resultOf } from './store.ts';
import { viewJob } from './view.ts';

/** What explains a failure is in its last attempts; a job retried for days has many more. */
const SHOWN_ATTEMPTS = 3;
/** The last words of an engine, as a person reads them. */
const TAIL_BYTES = 4096;

export const lastAttempts = statement((q) =>
  q
    .selectFrom('attempts')
    .innerJoin('tasks', 'tasks.id', 'attempts.task_id')
    .selectAll('attempts')
    .select('tasks.kind')
    .where('attempts.job_seq', '=', p<number>('seq'))
    .orderBy('attempts.leased_at', 'desc')
    .orderBy('attempts.number', 'desc')
    .limit(p<number>('limit')),
);

/** Jobs that failed for good, newest first, each with the evidence. */
export function deadLetterRoutes(parts: JobParts, logs: LogStore): Handler[] {
  return [
    handle(jobOperations.deadLetters, async ({ query, caller }) => {
      const { queue, label, limit } = query;
      const filter: JobFilter = { status: 'failed', queue, label };
      const page = { before: readCursor(filter, query.cursor), limit };
      const rows = await listJobs(parts.db.read, caller.tenantId, filter, page);
      const letters = await Promise.all(rows.map((job) => deadLetter(parts, logs, job)));
      const last = rows.at(-1);
      const next = last && rows.length === limit ? cursorAfter(filter, last.seq) : null;
      return { dead_letters: letters, next_cursor: next };
    }),
  ];
}

async function deadLetter(parts: JobParts, logs: LogStore, job: JobRow): Promise<DeadLetter> {
  const { read } = parts.db;
  const attempts: DeadLetter['attempts'] = [];
  for (const attempt of await read(lastAttempts, { seq: job.seq, limit: SHOWN_ATTEMPTS })) {
    const [stored] = await read(resultOf, { id: attempt.id });
    const argv = stored ? ((JSON.parse(stored.body) as StoredResult).environment?.argv ?? []) : [];
    attempts.unshift({
      attempt: attempt.number,
      task_kind: attempt.kind,
      node_name: parts.nodeName(attempt.node_id),
      state: attempt.state,
      failure_class: attempt.failure_class,
      error: attempt.error,
      argv: argv.length > 0 ? argv : null,
      stderr_tail: logs.tail(attempt.id, TAIL_BYTES),
      ended_at: isoOrNull(attempt.ended_at),
    });
  }
  return { job: await viewJob(parts, read, job), attempts };
}

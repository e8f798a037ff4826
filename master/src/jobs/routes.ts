import { FfrtmpError } from '@ffrtmp/shared/contract/errors';
import { jobOperations, MAX_BULK_CHANGES } from '@ffrtmp/shared/contract/jobs';
import type { JobRequest } from '@ffrtmp/shared/job/job';
import type { Caller } from '../http/caller.ts';
import { openEventStream } from '../http/events.ts';
import { type Handler, handle, streamed } from '../http/serve.ts';
import { cancel } from './cancel.ts';
import { followJob, followLog } from './follow.ts';
import { cursorAfter, type JobFilter, listJobs, readCursor } from './list.ts';
import { jobLog, type LogStore } from './logs.ts';
import type { JobParts } from './parts.ts';
import { pause, resume } from './pause.ts';
import type { ProgressBoard } from './progress.ts';
import { retry } from './retry.ts';
import { requireJobRow } from './settle.ts';
import { type JobRow, jobById, jobBySeq } from './store.ts';
import { type Stored, submit } from './submit.ts';
import { update } from './update.ts';
import { jobView, viewAttempts, viewJob, viewTasks } from './view.ts';
import { whyOf } from './why.ts';

/** A UUID is a UUID, all digits is a sequence number: the contract let nothing else through. */
export async function findJob(parts: JobParts, tenantId: string, reference: string): Promise<JobRow> {
  const bySeq = /^\d+$/.test(reference);
  const [row] = bySeq
    ? await parts.db.read(jobBySeq, { seq: Number(reference) })
    : await parts.db.read(jobById, { id: reference });
  if (!row || row.tenant_id !== tenantId) throw new FfrtmpError('not_found', `there is no job ${reference}`);
  return row;
}

type Verb = (parts: JobParts, seq: number) => Promise<void>;

async function many(parts: JobParts, tenantId: string, filter: JobFilter, states: readonly string[], verb: Verb) {
  const ids: string[] = [];
  let matched = 0;
  let before = Number.MAX_SAFE_INTEGER;
  while (matched < MAX_BULK_CHANGES) {
    const page = await listJobs(parts.db.read, tenantId, filter, { before, limit: 100 });
    const wanted = page.filter((job) => states.includes(job.state)).slice(0, MAX_BULK_CHANGES - matched);
    matched += wanted.length;
    // Together, so that they share commits.
    const done = await Promise.all(wanted.map((job) => verb(parts, job.seq).then(() => true, isConflict)));
    ids.push(...wanted.filter((_, index) => done[index]).map((job) => job.id));
    before = page.at(-1)?.seq ?? 0;
    if (page.length < 100) break;
  }
  return { matched, changed: ids.length, ids };
}

/** A job that changed between the list and the verb is left alone; anything else is a fault. */
function isConflict(error: unknown): false {
  if (error instanceof FfrtmpError && error.code === 'conflict') return false;
  throw error;
}

export function jobRoutes(parts: JobParts, logs: LogStore, board: ProgressBoard): Handler[] {
  const { read } = parts.db;
  const after = (verb: Verb) => async (request: { params: { id: string }; caller: { tenantId: string } }) => {
    const job = await findJob(parts, request.caller.tenantId, request.params.id);
    await verb(parts, job.seq);
    return viewJob(parts, read, await requireJobRow({ run: read }, job.seq));
  };
  return [
    ...readingRoutes(parts, logs, board),
    handle(jobOperations.submit, async ({ body, headers, caller, raw }) => {
      const stored = await submitted(parts, caller, raw, headers, Array.isArray(body) ? body : [body]);
      const jobs = await Promise.all(stored.map((one) => viewStored(parts, one)));
      const [first] = jobs;
      return Array.isArray(body) || !first ? { jobs } : first;
    }),
    handle(jobOperations.submitMany, async ({ body, headers, caller, raw }) => {
      const stored = await submitted(parts, caller, raw, headers, body);
      return {
        jobs: stored.map(({ row, body: { warnings } }) => ({ id: row.id, sequence_number: row.seq, warnings })),
      };
    }),
    handle(jobOperations.cancelMany, ({ body, caller }) =>
      many(parts, caller.tenantId, body, ['pending', 'running', 'paused'], cancel),
    ),
    handle(jobOperations.retryMany, ({ body, caller }) =>
      many(parts, caller.tenantId, body, ['failed', 'canceled'], retry),
    ),
    handle(jobOperations.cancel, after(cancel)),
    handle(jobOperations.retry, after(retry)),
    handle(jobOperations.pause, after(pause)),
    handle(jobOperations.resume, after(resume)),
    handle(jobOperations.update, (request) => after((p, seq) => update(p, seq, request.body))(request)),
  ];
}

/** A job just stored is shown from what was stored; one that a repeated call found may have moved on. */
const viewStored = (parts: JobParts, { row, body }: Stored) =>
  row.state === 'pending' && row.retry_count === 0
    ? jobView(parts, { job: row, body, nodeId: null, published: [] })
    : viewJob(parts, parts.db.read, row);

const submitted = (
  parts: JobParts,
  { tenantId }: Caller,
  raw: { headers: Record<string, unknown> },
  headers: { 'idempotency-key'?: string | undefined },
  requests: JobRequest[],
) => {
  const traceparent = typeof raw.headers.traceparent === 'string' ? raw.headers.traceparent : null;
  return submit(parts, { tenantId, requests, traceparent, idempotencyKey: headers['idempotency-key'] });
};

function readingRoutes(parts: JobParts, logs: LogStore, board: ProgressBoard): Handler[] {
  const { read } = parts.db;
  return [
    handle(jobOperations.list, async ({ query, caller }) => {
      const page = { before: readCursor(query, query.cursor), limit: query.limit };
      const rows = await listJobs(read, caller.tenantId, query, page);
      const jobs = await Promise.all(rows.map((row) => viewJob(parts, read, row)));
      const last = rows.at(-1);
      return { jobs, next_cursor: last && rows.length === query.limit ? cursorAfter(query, last.seq) : null };
    }),
    handle(jobOperations.get, async ({ params, caller }) => {
      const job = await findJob(parts, caller.tenantId, params.id);
      const why = job.completed_at === null ? await whyOf(parts, job) : null;
      return { ...(await viewJob(parts, read, job)), why };
    }),
    handle(jobOperations.tasks, async ({ params, caller }) => ({
      tasks: await viewTasks(read, await findJob(parts, caller.tenantId, params.id)),
    })),
    handle(jobOperations.attempts, async ({ params, caller }) => ({
      attempts: await viewAttempts(parts, read, await findJob(parts, caller.tenantId, params.id)),
    })),
    handle(jobOperations.why, async ({ params, caller }) =>
      whyOf(parts, await findJob(parts, caller.tenantId, params.id)),
    ),
    handle(jobOperations.logs, async ({ params, query, caller, reply }) => {
      const job = await findJob(parts, caller.tenantId, params.id);
      const attempts = await viewAttempts(parts, read, job);
      if (query.follow === '1' || query.follow === 'true') {
        await followLog(
          parts,
          logs,
          job,
          attempts.map((attempt) => attempt.id),
          openEventStream(reply),
        );
        return streamed;
      }
      const logged = attempts.map((one) => ({
        id: one.id,
        number: one.attempt,
        kind: one.task_kind,
        node: one.node_name,
      }));
      return { job_id: job.id, logs: jobLog(logs, logged, job.error) };
    }),
    handle(jobOperations.events, async ({ params, caller, reply }) => {
      const job = await findJob(parts, caller.tenantId, params.id);
      await followJob(parts, board, job, openEventStream(reply));
      return streamed;
    }),
  ];
}

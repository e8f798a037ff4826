import { hash } from 'node:crypto';
import { FfrtmpError } from '@ffrtmp/shared/contract/errors';
import type { JobRequest } from '@ffrtmp/shared/job/job';
import type { Transaction } from '../database/commit.ts';
import type { KnownNode } from '../scheduling/explain.ts';
import { misfit } from '../scheduling/fits.ts';
import { draftOf, enqueue, enqueueNow, type JobDraft } from './enqueue.ts';
import type { JobParts } from './parts.ts';
import { bodyOf, type JobBody } from './plan.ts';
import { idempotent, insertIdempotent, type JobRow, jobBySeq } from './store.ts';
import { readBody } from './view.ts';

export interface Submission {
  tenantId: string;
  requests: JobRequest[];
  traceparent: string | null;
  idempotencyKey: string | undefined;
}

/** A job as it was stored: what a reply can say without reading it back. */
export interface Stored {
  row: JobRow;
  body: JobBody;
}

/** Stores jobs, their tasks and events in one commit and returns them in order; repeats return what was stored before. */
export async function submit(parts: JobParts, submission: Submission): Promise<Stored[]> {
  const { tenantId, requests, idempotencyKey } = submission;
  const drafts = await draftsOf(parts, submission);
  // Under a key it may be a repeat: what was accepted stays accepted, whatever became of its input and the nodes since.
  if (drafts instanceof FfrtmpError && idempotencyKey === undefined) throw drafts;
  const bodyHash = idempotencyKey === undefined ? '' : hash('sha256', JSON.stringify(requests), 'hex');
  return parts.db.write(async (tx) => {
    const before = idempotencyKey === undefined ? undefined : await repeated(tx, tenantId, idempotencyKey, bodyHash);
    if (before) return before;
    if (drafts instanceof FfrtmpError) throw drafts;
    refuseFull(parts, tx, tenantId, requests);
    for (const request of requests) if (request.input) await holdInput(parts, tx, tenantId, request);
    const keyed = idempotencyKey !== undefined;
    const rows = keyed ? await enqueueNow(parts, tx, tenantId, drafts) : enqueue(parts, tx, tenantId, drafts);
    const stored = rows.map((row, at): Stored => ({ row, body: (drafts[at] as JobDraft).body }));
    if (keyed) {
      const values = {
        tenant: tenantId,
        key: idempotencyKey,
        hash: bodyHash,
        seqs: JSON.stringify(stored.map(({ row }) => row.seq)),
        now: parts.clock.now(),
      };
      await tx.run(insertIdempotent, values);
    }
    return stored;
  });
}

/** The jobs with everything worked out, or why the call has to be refused. */
async function draftsOf(
  parts: JobParts,
  { tenantId, requests, traceparent }: Submission,
): Promise<JobDraft[] | FfrtmpError> {
  const nodes = requests.some((request) => request.require_capable) ? parts.knownNodes() : [];
  const drafts: JobDraft[] = [];
  for (const request of requests) {
    const bytes = request.input ? await parts.ownedBytes(tenantId, request.input.sha256) : 0;
    if (bytes === undefined)
      return new FfrtmpError('not_found', `input.sha256: no uploaded file has the digest ${request.input?.sha256}`);
    const draft = draftOf(request, bodyOf(request, traceparent, bytes));
    const incapable = request.require_capable ? incapability(nodes, draft) : null;
    if (incapable) return incapable;
    drafts.push(draft);
  }
  return drafts;
}

/** `require_capable`: a job that no registered node could ever run is refused with what each of them lacks. */
function incapability(nodes: readonly KnownNode[], { tasks }: JobDraft): FfrtmpError | null {
  for (const { kind, requirement } of tasks) {
    const reasons = nodes.map((node) => [node.name, misfit(requirement, node)] as const);
    if (reasons.some(([, reason]) => reason === null)) continue;
    const looked =
      nodes.length === 0 ? 'none is registered' : reasons.map(([name, why]) => `${name} ${why}`).join('; ');
    return new FfrtmpError('no_capable_node', `no registered node could run its ${kind} task: ${looked}`, {
      nodes: Object.fromEntries(reasons),
    });
  }
  return null;
}

/** Looked at again in the transaction, so that the input cannot be pruned between the look and the commit. */
async function holdInput(parts: JobParts, tx: Transaction, tenantId: string, { input }: JobRequest): Promise<void> {
  if (!input || (await parts.holdFile(tx.run, tenantId, input.sha256))) return;
  throw new FfrtmpError('not_found', `input.sha256: the file ${input.sha256} was pruned a moment ago: upload it again`);
}

/** A full queue answers 429 and stores nothing of the call. */
function refuseFull(parts: JobParts, tx: Transaction, tenantId: string, requests: readonly JobRequest[]): void {
  for (const queue of new Set(requests.map((request) => request.queue))) {
    const { maxQueued } = parts.queueRules(tenantId, queue);
    if (maxQueued === null) continue;
    const coming = requests.filter((request) => request.queue === queue).length;
    const waiting = parts.lanes.readyIn(tenantId, queue) + parts.lanes.draft(tx).announced(tenantId, queue);
    if (waiting + coming > maxQueued) {
      throw new FfrtmpError(
        'queue_full',
        `the queue ${queue} holds ${waiting} ready tasks and takes ${maxQueued}: submit again when some have run`,
        { queue, ready: waiting, max_queued: maxQueued },
      );
    }
    parts.lanes.draft(tx).announce(tenantId, queue, coming);
  }
}

async function repeated(tx: Transaction, tenant: string, key: string, bodyHash: string): Promise<Stored[] | undefined> {
  const [found] = await tx.run(idempotent, { tenant, key });
  if (!found) return undefined;
  if (found.body_hash !== bodyHash) {
    throw new FfrtmpError('idempotency_mismatch', `the Idempotency-Key "${key}" was used before with another body`);
  }
  const stored: Stored[] = [];
  for (const seq of JSON.parse(found.job_seqs) as number[]) {
    const [row] = await tx.run(jobBySeq, { seq });
    // Pruned since: what is left of the reply is what is left of the jobs.
    if (row) stored.push({ row, body: await readBody(tx.run, seq) });
  }
  return stored;
}

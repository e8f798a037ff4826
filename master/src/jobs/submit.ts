import { hash } from 'node:crypto';
import { FfrtmpError } from '@ffrtmp/shared/contract/errors';
import type { JobRequest } from '@ffrtmp/shared/job/job';
import type { Transaction } from '../database/commit.ts';
import { newId } from '../database/ids.ts';
import { canonical, type RequirementClass } from '../scheduling/fits.ts';
import { firstHold } from '../scheduling/holds.ts';
import type { JobParts } from './parts.ts';
import { bodyOf, type JobBody, planTasks } from './plan.ts';
import {
  idempotent,
  insertClass,
  insertIdempotent,
  insertJob,
  insertJobBody,
  insertLabel,
  insertNeed,
  insertTask,
  insertTaskBody,
} from './store.ts';

export interface Submission {
  tenantId: string;
  requests: JobRequest[];
  traceparent: string | null;
  idempotencyKey: string | undefined;
}

/** Stores jobs, their tasks and events in one commit and returns their sequence numbers, in order. */
export async function submit(parts: JobParts, submission: Submission): Promise<number[]> {
  const { tenantId, requests, traceparent, idempotencyKey } = submission;
  const bodies: JobBody[] = [];
  for (const request of requests) {
    const bytes = request.input ? await parts.ownedBytes(tenantId, request.input.sha256) : 0;
    if (bytes === undefined) {
      throw new FfrtmpError('not_found', `input.sha256: no uploaded file has the digest ${request.input?.sha256}`);
    }
    bodies.push(bodyOf(request, traceparent, bytes));
  }
  const bodyHash = idempotencyKey === undefined ? '' : hash('sha256', JSON.stringify(requests), 'hex');
  return parts.db.write(async (tx) => {
    const before = idempotencyKey === undefined ? undefined : await repeated(tx, tenantId, idempotencyKey, bodyHash);
    if (before) return before;
    const seqs: number[] = [];
    for (const [index, request] of requests.entries()) {
      const body = bodies[index];
      if (body) seqs.push(await storeJob(parts, tx, tenantId, request, body));
    }
    if (idempotencyKey !== undefined) {
      const values = {
        tenant: tenantId,
        key: idempotencyKey,
        hash: bodyHash,
        seqs: JSON.stringify(seqs),
        now: parts.clock.now(),
      };
      await tx.run(insertIdempotent, values);
    }
    return seqs;
  });
}

async function repeated(tx: Transaction, tenant: string, key: string, bodyHash: string): Promise<number[] | undefined> {
  const [row] = await tx.run(idempotent, { tenant, key });
  if (!row) return undefined;
  if (row.body_hash !== bodyHash) {
    throw new FfrtmpError('idempotency_mismatch', `the Idempotency-Key "${key}" was used before with another body`);
  }
  return JSON.parse(row.job_seqs) as number[];
}

async function storeJob(
  parts: JobParts,
  tx: Transaction,
  tenant: string,
  request: JobRequest,
  body: JobBody,
): Promise<number> {
  const now = parts.clock.now();
  const notBefore = request.not_before === undefined ? null : Date.parse(request.not_before);
  const jobId = newId();
  const { queue, priority } = request;
  const [job] = await tx.run(insertJob, {
    id: jobId,
    tenant,
    queue,
    priority,
    maxRetries: request.max_retries ?? parts.defaultMaxRetries,
    notBefore,
    now,
  });
  const seq = job?.seq ?? 0;
  await tx.run(insertJobBody, { seq, body: JSON.stringify(body) });
  for (const [name, value] of Object.entries(body.labels)) await tx.run(insertLabel, { tenant, name, value, seq });
  const hold = firstHold({ paused: false, notBeforeMs: notBefore, retryDueMs: null }, now);
  const due = hold?.untilMs ?? null;
  const ids: string[] = [];
  for (const task of planTasks(body)) {
    const id = newId();
    const classId = await internClass(parts, tx, { queue, priority, requirement: task.requirement });
    const ready = task.needs.length === 0;
    const claimable = ready && due === null;
    await tx.run(insertTask, {
      id,
      seq,
      position: ids.length,
      tenant,
      kind: task.kind,
      mode: task.mode,
      state: ready ? 'ready' : 'blocked',
      required: Number(task.required),
      classId,
      ord: seq,
      claimable: Number(claimable),
      due: ready ? due : null,
    });
    await tx.run(insertTaskBody, { id, body: JSON.stringify({ requirement: task.requirement, spec: task.spec }) });
    for (const need of task.needs) await tx.run(insertNeed, { id, needs: ids[need] ?? '' });
    if (claimable) tx.afterCommit(() => parts.lanes.apply({ classId, tenantId: tenant, ord: seq, delta: 1 }));
    ids.push(id);
  }
  if (due !== null) tx.afterCommit(parts.onDueChanged);
  await parts.events.append(tx, { tenantId: tenant, jobId, kind: 'job', to: 'pending', reason: 'submitted' });
  return seq;
}

/** The id of a requirement class; a new one is stored in the same commit and known to the lanes after it. */
export async function internClass(
  parts: Pick<JobParts, 'lanes'>,
  tx: Transaction,
  facts: RequirementClass,
): Promise<number> {
  const known = parts.lanes.classId(facts);
  if (known !== undefined) return known;
  const [row] = await tx.run(insertClass, { body: canonical(facts) });
  const id = row?.id ?? 0;
  tx.afterCommit(() => parts.lanes.defineClass(id, facts));
  return id;
}

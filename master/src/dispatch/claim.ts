import type { Claimed } from '@ffrtmp/shared/contract/dispatch';
import type { Transaction } from '../database/commit.ts';
import { newId } from '../database/ids.ts';
import { endFailed, giveBack } from '../jobs/finish.ts';
import { requireJobRow, settleJob } from '../jobs/settle.ts';
import {
  type AttemptRow,
  attemptById,
  insertAttempt,
  laneHeads,
  liveOnNode,
  type TaskRow,
  taskById,
} from '../jobs/store.ts';
import { readBody, viewJob, viewTask } from '../jobs/view.ts';
import type { LiveNode } from '../nodes/registry.ts';
import type { Lane } from '../scheduling/choose.ts';
import { fits } from '../scheduling/fits.ts';
import type { DispatchParts } from './parts.ts';

export interface Claim {
  node: LiveNode;
  slots: number;
  claimId: string | undefined;
  /** Attempts the agent holds; undefined when it did not say. */
  held: readonly string[] | undefined;
}

/** How many tasks at the head of a lane are looked at for one this node need not avoid. */
const LOOK_AHEAD = 8;

/**
 * Hands work to a node: first the leases this very claim was given before (its reply was lost), then new ones. Leases of
 * the node that neither the agent nor this claim knows of are released at once: nobody is working on them.
 */
export async function claim(parts: DispatchParts, request: Claim): Promise<Claimed[]> {
  const { node, claimId } = request;
  const own = parts.leases.ofNode(node.row.id);
  const repeated = claimId === undefined ? [] : own.filter((lease) => lease.claimId === claimId);
  if (repeated.length > 0) return Promise.all(repeated.map((lease) => viewClaimed(parts, lease.attemptId)));
  await releaseUnknown(parts, request);
  if (request.slots === 0 || node.row.draining === 1) return [];
  const lanes = parts.jobs.lanes.open(node.placement);
  if (lanes.length === 0) return [];
  const taken = await parts.jobs.db.write((tx) => takeFrom(parts, tx, lanes, request));
  if (taken.length > 0) parts.onLeasesChanged();
  return Promise.all(taken.map((attemptId) => viewClaimed(parts, attemptId)));
}

/**
 * An attempt that never began was lost with the reply of its claim and costs nothing. One that had begun died with its
 * agent: it counts as lost, or a job that kills its agents would circle for ever.
 */
async function release(parts: DispatchParts, tx: Transaction, attempt: AttemptRow): Promise<void> {
  if (attempt.state === 'leased') await giveBack(parts.jobs, tx, attempt, 'released');
  else
    await endFailed(parts.jobs, tx, {
      attempt,
      failureClass: 'lost',
      error: 'its agent restarted and no longer knows of it',
    });
}

/** Only an agent that says what it holds can have leases it does not know of. */
async function releaseUnknown(parts: DispatchParts, { node, claimId, held }: Claim): Promise<void> {
  if (claimId === undefined || held === undefined) return;
  const unknown = parts.leases.ofNode(node.row.id).filter((lease) => !held.includes(lease.attemptId));
  if (unknown.length === 0) return;
  await parts.jobs.db.write(async (tx) => {
    for (const { attemptId } of unknown) {
      const [attempt] = await tx.run(attemptById, { id: attemptId });
      if (attempt && attempt.ended_at === null) await release(parts, tx, attempt);
      tx.afterCommit(() => {
        parts.leases.end(attemptId);
        parts.board.forget(attemptId);
      });
    }
  });
}

async function takeFrom(parts: DispatchParts, tx: Transaction, lanes: Lane[], request: Claim): Promise<string[]> {
  // Counted here and not in memory: two claims of one node may share a group, and neither has its lease yet.
  const [live] = await tx.run(liveOnNode, { node: request.node.row.id });
  const free = Math.min(request.slots, request.node.row.slots - (live?.count ?? 0));
  const taken: string[] = [];
  for (const lane of lanes) {
    if (taken.length >= free) break;
    const wanted = free - taken.length;
    const rows = await tx.run(laneHeads, { classId: lane.classId, tenant: lane.tenantId, limit: wanted + LOOK_AHEAD });
    const chosen = rows.filter((row) => mayTake(parts, lane, row, request.node)).slice(0, wanted);
    for (const row of chosen) taken.push(await lease(parts, tx, row, request));
    const next = rows.find((row) => !chosen.includes(row))?.ord;
    tx.afterCommit(() => parts.jobs.lanes.correct(lane, next));
  }
  return taken;
}

/** A node that failed or lost a task leaves it to others, as long as one that was heard of within a lease could run it. */
function mayTake(parts: DispatchParts, lane: Lane, task: TaskRow, node: LiveNode): boolean {
  if (task.avoid_node_id !== node.row.id) return true;
  const heardSince = parts.jobs.clock.now() - parts.timing.lease_ms;
  const { registry } = parts.nodes;
  const alive = registry.all().filter((other) => registry.isOnline(other) && (other.seenAt ?? 0) > heardSince);
  const others = alive.filter((other) => other.row.id !== node.row.id && other.row.draining === 0);
  return !others.some((other) => fits(lane.class.requirement, other.placement));
}

async function lease(parts: DispatchParts, tx: Transaction, task: TaskRow, { node, claimId }: Claim): Promise<string> {
  const id = newId();
  const job = await requireJobRow(tx, task.job_seq);
  const number = task.attempts + 1;
  const change = { jobId: job.id, attempts: number, reason: `claimed by ${node.row.name}` };
  await parts.jobs.transitions.task(tx, task, 'active', change);
  await tx.run(insertAttempt, {
    id,
    task: task.id,
    seq: job.seq,
    tenant: task.tenant_id,
    number,
    node: node.row.id,
    claim: claimId ?? null,
    now: parts.jobs.clock.now(),
  });
  await parts.jobs.events.append(tx, {
    tenantId: task.tenant_id,
    jobId: job.id,
    taskId: task.id,
    attemptId: id,
    kind: 'attempt',
    to: 'leased',
    reason: node.row.name,
  });
  await settleJob(parts.jobs, tx, job.seq);
  tx.afterCommit(() =>
    parts.leases.grant(
      leaseOf({ id, task_id: task.id, node_id: node.row.id, claim_id: claimId ?? null }, job, task.kind),
    ),
  );
  return id;
}

export const leaseOf = (
  attempt: Pick<AttemptRow, 'id' | 'task_id' | 'node_id' | 'claim_id'>,
  job: { seq: number; id: string },
  taskKind: string,
) => ({
  attemptId: attempt.id,
  taskId: attempt.task_id,
  jobSeq: job.seq,
  jobId: job.id,
  nodeId: attempt.node_id,
  claimId: attempt.claim_id,
  taskKind,
});

async function viewClaimed(parts: DispatchParts, attemptId: string): Promise<Claimed> {
  const { read } = parts.jobs.db;
  const [attempt] = await read(attemptById, { id: attemptId });
  if (!attempt) throw new Error(`attempt ${attemptId} is gone`);
  const [task] = await read(taskById, { id: attempt.task_id });
  const job = await requireJobRow({ run: read }, attempt.job_seq);
  if (!task) throw new Error(`task ${attempt.task_id} is gone`);
  return {
    job: await viewJob(parts.jobs, read, job),
    task: await viewTask(read, task, job.id, await readBody(read, job.seq)),
    lease: {
      attempt_id: attemptId,
      attempt: attempt.number,
      token: parts.tokens.of(attemptId),
      lease_ms: parts.timing.lease_ms,
    },
  };
}

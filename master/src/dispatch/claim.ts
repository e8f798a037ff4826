import type { Claimed } from '@ffrtmp/shared/contract/dispatch';
import type { Transaction } from '../database/commit.ts';
import { endFailed, giveBack } from '../jobs/finish.ts';
import type { JobBody } from '../jobs/plan.ts';
import { type AttemptRow, attemptById, jobWithBody, taskById, tasksOfJob } from '../jobs/store.ts';
import { jobView, publishedOutputs, viewTask } from '../jobs/view.ts';
import type { LiveNode } from '../nodes/registry.ts';
import { booked } from '../scheduling/fits.ts';
import type { HeldLease } from './leases.ts';
import type { DispatchParts } from './parts.ts';
import { type Leased, takeFrom } from './take.ts';

export interface Claim {
  node: LiveNode;
  slots: number;
  claimId: string | undefined;
  /** Attempts the agent holds; undefined when it did not say. */
  held: readonly string[] | undefined;
}

/**
 * Hands work to a node: first the leases this very claim was given before (its reply was lost), then new ones. Leases of
 * the node that neither the agent nor this claim knows of are released at once: nobody is working on them.
 */
export async function claim(parts: DispatchParts, request: Claim): Promise<Claimed[]> {
  const { node, claimId } = request;
  await releaseUnknown(parts, request);
  const own = parts.leases.ofNode(node.row.id);
  const repeated = claimId === undefined ? [] : own.filter((lease) => lease.claimId === claimId);
  // The agent counts these leases from the call that brings them, so the master does, too.
  for (const { attemptId } of repeated) parts.leases.renew(attemptId);
  if (repeated.length > 0) return Promise.all(repeated.map((lease) => viewClaimed(parts, node, lease.attemptId)));
  if (request.slots === 0 || node.row.draining === 1) return [];
  if (!(await hasWork(parts, node))) return [];
  const taken = await parts.jobs.db.write((tx) => takeFrom(parts, tx, request));
  if (taken.length > 0) parts.onLeasesChanged();
  return Promise.all(taken.map((leased) => viewLeased(parts, node, leased)));
}

/** Is there anything this node could run? Where memory knows of nothing, the index is asked again now and then. */
async function hasWork(parts: DispatchParts, node: LiveNode): Promise<boolean> {
  const some = () => {
    for (const lane of parts.jobs.lanes.all())
      if (lane.ready > 0 && parts.jobs.lanes.fits(lane.classId, node.placement)) return true;
    return false;
  };
  if (some()) return true;
  await parts.lookAtStore();
  return some();
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

/**
 * Only an agent that says what it holds can have leases it does not know of. A claim that was sent before others and is
 * read after them (its connection was cut, the master restarted) knows less than they do: ids of claims rise with time,
 * so the leases of later ones are left alone, and its own are what it asks for.
 */
async function releaseUnknown(parts: DispatchParts, { node, claimId, held }: Claim): Promise<void> {
  if (claimId === undefined || held === undefined) return;
  const older = (lease: HeldLease) => lease.claimId === null || lease.claimId < claimId;
  const unknown = parts.leases.ofNode(node.row.id).filter((lease) => !held.includes(lease.attemptId) && older(lease));
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

/** A lease of before, read back from the store. */
async function viewClaimed(parts: DispatchParts, node: LiveNode, attemptId: string): Promise<Claimed> {
  const { read } = parts.jobs.db;
  const [attempt] = await read(attemptById, { id: attemptId });
  if (!attempt) throw new Error(`attempt ${attemptId} is gone`);
  const [task] = await read(taskById, { id: attempt.task_id });
  const [known] = await read(jobWithBody, { seq: attempt.job_seq });
  if (!task || !known) throw new Error(`task ${attempt.task_id} is gone`);
  const { body, ...job } = known;
  const tasks = await read(tasksOfJob, { seq: job.seq });
  return viewLeased(parts, node, { attempt, task, job, body, tasks });
}

/** A lease as the agent gets it. */
async function viewLeased(parts: DispatchParts, node: LiveNode, leased: Leased): Promise<Claimed> {
  const { read } = parts.jobs.db;
  const { attempt, task, job, tasks } = leased;
  const body = JSON.parse(leased.body) as JobBody;
  const published = await publishedOutputs(parts.jobs, read, job, tasks);
  const requirement = parts.jobs.lanes.of(attempt.class_id)?.requirement;
  return {
    job: jobView(parts.jobs, { job, body, nodeId: node.row.id, published }),
    task: await viewTask(read, task, job.id, body),
    lease: {
      attempt_id: attempt.id,
      attempt: attempt.number,
      token: parts.tokens.of(attempt.id),
      lease_ms: parts.timing.lease_ms,
      cpu_threads: requirement && Math.max(1, booked(requirement, node.placement.total).threads),
    },
  };
}

import { couldHold } from '../dispatch/gate.ts';
import type { DispatchParts } from '../dispatch/parts.ts';
import { endFailed, giveBack } from '../jobs/finish.ts';
import { attemptById, dueTasks, earliestDue, forgetIdempotent } from '../jobs/store.ts';
import { setHeartbeat } from '../nodes/store.ts';

/** A sweep that finds more goes on in its next run, so that it never stalls the loop. */
const BATCH = 500;
const IDEMPOTENCY_MS = 7 * 24 * 3_600_000;

export interface Swept {
  lost: number;
  stalled: number;
  released: number;
}

/** Takes back the work of leases that ran out. Each attempt is ended conditionally, so a result that came first wins. */
export async function sweepLeases(parts: DispatchParts): Promise<number> {
  const expired = parts.leases.expired().slice(0, BATCH);
  if (expired.length === 0) return 0;
  await parts.jobs.db.write(async (tx) => {
    for (const lease of expired) {
      // Renewed since the look: the agent was told so, and keeps it.
      if (lease.expiresAtMs > parts.jobs.clock.monotonicMs()) continue;
      const [attempt] = await tx.run(attemptById, { id: lease.attemptId });
      if (attempt && attempt.ended_at === null) {
        const error = `the node ${parts.jobs.nodeName(lease.nodeId) ?? lease.nodeId} was not heard of for a whole lease`;
        await endFailed(parts.jobs, tx, { attempt, failureClass: 'lost', error });
      }
      tx.afterCommit(() => {
        parts.leases.end(lease.attemptId);
        parts.board.forget(lease.attemptId);
      });
    }
  });
  return expired.length;
}

/**
 * Ends attempts that are renewed and get nowhere: the agent's own watchdog sees a silent engine after a minute, this is
 * the outer bound for an agent that is stuck itself. The task runs elsewhere; the agent is told to drop the rest.
 */
export async function sweepStalled(parts: DispatchParts): Promise<number> {
  const stalled = parts.leases.stalled(parts.stallMs).slice(0, BATCH);
  if (stalled.length === 0) return 0;
  await parts.jobs.db.write(async (tx) => {
    for (const { attemptId, nodeId, movedAtMs } of stalled) {
      const [attempt] = await tx.run(attemptById, { id: attemptId });
      const moved = (parts.leases.get(attemptId)?.movedAtMs ?? movedAtMs) > movedAtMs;
      if (!attempt || attempt.ended_at !== null || moved) continue;
      const error = `nothing new was heard of it for ${Math.round(parts.stallMs / 1000)} s, though its lease was renewed`;
      await endFailed(parts.jobs, tx, { attempt, failureClass: 'infrastructure', error });
      tx.afterCommit(() => {
        parts.leases.end(attemptId);
        parts.board.forget(attemptId);
        parts.orders.give(nodeId, { kind: 'drop', attempt_id: attemptId });
      });
    }
  });
  return stalled.length;
}

/** Makes tasks whose time has come claimable: retries after their delay, jobs after `not_before`. */
export async function releaseDue(parts: DispatchParts): Promise<number> {
  const due = await parts.jobs.db.read(dueTasks, { now: parts.jobs.clock.now(), limit: BATCH });
  if (due.length === 0) return 0;
  await parts.jobs.db.write(async (tx) => {
    for (const task of due) await parts.jobs.transitions.release(tx, task);
  });
  return due.length;
}

/** Everything that is due. The alarm calls it at the earliest due time, the safety pass every few seconds. */
export async function sweep(parts: DispatchParts): Promise<Swept> {
  const { registry } = parts.nodes;
  const swept = {
    lost: await sweepLeases(parts),
    stalled: await sweepStalled(parts),
    released: await releaseDue(parts),
  };
  parts.reservations.review((nodeId, lane) => {
    const node = registry.get(nodeId);
    return node !== undefined && couldHold(parts, lane, node);
  });
  return swept;
}

/** Chores without a deadline: last signs of life and energy so far to disk, old idempotency keys away. */
export async function tidy(parts: DispatchParts): Promise<void> {
  const { registry } = parts.nodes;
  const fresh = registry.all().filter((node) => node.seenAt !== null && node.seenAt !== node.row.last_heartbeat);
  await parts.jobs.db.write(async (tx) => {
    for (const node of fresh) await tx.run(setHeartbeat, { id: node.row.id, now: node.seenAt });
    await tx.run(forgetIdempotent, { before: parts.jobs.clock.now() - IDEMPOTENCY_MS });
  });
  for (const node of fresh) node.row.last_heartbeat = node.seenAt;
  await parts.jobs.power.flush();
  // A master that ends leaves nothing in memory.
  await (parts.accepting() ? parts.nodes.ledger.flushDue() : parts.nodes.ledger.flush());
}

/** Hands everything a node runs to others, without waiting for its leases to run out. */
export async function takeBack(parts: DispatchParts, nodeId: string, reason: string): Promise<void> {
  const leases = parts.leases.ofNode(nodeId);
  if (leases.length === 0) return;
  await parts.jobs.db.write(async (tx) => {
    for (const { attemptId } of leases) {
      const [attempt] = await tx.run(attemptById, { id: attemptId });
      if (attempt && attempt.ended_at === null) await giveBack(parts.jobs, tx, attempt, reason);
      tx.afterCommit(() => {
        parts.leases.end(attemptId);
        parts.board.forget(attemptId);
      });
    }
  });
}

/** Milliseconds until the next lease expiry or due task, or undefined when nothing is pending. */
export async function nextDueMs(parts: DispatchParts): Promise<number | undefined> {
  const { clock } = parts.jobs;
  const expiry = parts.leases.nextExpiryMs();
  const [row] = await parts.jobs.db.read(earliestDue);
  const waits = [
    ...(expiry === undefined ? [] : [expiry - clock.monotonicMs()]),
    ...(row?.due === null || row?.due === undefined ? [] : [row.due - clock.now()]),
  ];
  return waits.length === 0 ? undefined : Math.max(0, Math.min(...waits));
}

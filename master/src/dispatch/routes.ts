import { dispatchOperations } from '@ffrtmp/shared/contract/dispatch';
import { FfrtmpError } from '@ffrtmp/shared/contract/errors';
import { nodeOperations, PROTOCOL } from '@ffrtmp/shared/contract/nodes';
import type { Caller } from '../http/caller.ts';
import { type Handler, handle } from '../http/serve.ts';
import { finish } from '../jobs/finish.ts';
import { attemptById, jobBySeq, taskById } from '../jobs/store.ts';
import { viewAttempt } from '../jobs/view.ts';
import { updateFacts } from '../nodes/register.ts';
import type { LiveNode } from '../nodes/registry.ts';
import { findNode } from '../nodes/routes.ts';
import { claim } from './claim.ts';
import { advance, renewHeld, requireLease } from './heartbeat.ts';
import type { DispatchParts } from './parts.ts';
import type { Woken } from './waiters.ts';

/** A node's credential speaks for that node alone; an admin may speak for any, for tests and by hand. */
function callersNode(parts: DispatchParts, caller: Caller, nodeId: string): LiveNode {
  if (caller.role === 'node' && caller.nodeId !== nodeId) {
    throw new FfrtmpError('forbidden', 'this credential belongs to another node');
  }
  return findNode(parts.nodes, nodeId);
}

export function dispatchRoutes(parts: DispatchParts): Handler[] {
  const { registry } = parts.nodes;
  return [
    handle(nodeOperations.heartbeat, async ({ params, body, caller }) => {
      const node = callersNode(parts, caller, params.id);
      registry.seen(node.row.id, body.load ?? null);
      const renewed = await renewHeld(parts, node.row.id, body.attempts);
      if (body.capabilities || body.slots !== undefined) {
        await updateFacts(parts.nodes, node, body.capabilities ?? node.facts, body.slots ?? node.row.slots);
      }
      if (body.leaving) registry.left(node.row.id);
      const power_kept = await parts.nodes.ledger.take(node.row.id, body.power, body.leaving);
      const orders = parts.orders.open(node.row.id);
      return { renewed, orders, timing: parts.timing, drain: node.row.draining === 1, protocol: PROTOCOL, power_kept };
    }),
    handle(dispatchOperations.claim, async ({ query, caller, signal }) => {
      const node = callersNode(parts, caller, query.node_id);
      const held = query.held?.split(',').filter((id) => id !== '');
      return parkedClaim(parts, {
        nodeId: node.row.id,
        slots: query.slots,
        claimId: query.claim_id,
        held,
        waitMs: query.wait * 1000,
        signal,
      });
    }),
    handle(dispatchOperations.progress, async ({ params, body, caller }) => {
      callersNode(parts, caller, body.node_id);
      const lease = await requireLease(parts, { attemptId: params.id, token: body.token, nodeId: body.node_id });
      parts.leases.renew(params.id);
      registry.seen(body.node_id);
      await advance(parts, lease, body.state, body.progress ?? null);
      return { orders: parts.orders.open(body.node_id) };
    }),
    handle(dispatchOperations.logs, async ({ params, body, caller }) => {
      callersNode(parts, caller, body.node_id);
      const lease = await requireLease(parts, { attemptId: params.id, token: body.token, nodeId: body.node_id });
      return { next_offset: parts.logs.append(lease.jobId, params.id, body.offset, body.chunk) };
    }),
    ...resultRoutes(parts),
  ];
}

function resultRoutes(parts: DispatchParts): Handler[] {
  return [
    handle(dispatchOperations.getAttempt, async ({ params, caller }) => {
      const { read } = parts.jobs.db;
      const [attempt] = await read(attemptById, { id: params.id });
      const [job] = attempt ? await read(jobBySeq, { seq: attempt.job_seq }) : [];
      const [task] = attempt ? await read(taskById, { id: attempt.task_id }) : [];
      if (!attempt || !job || !task || job.tenant_id !== caller.tenantId) {
        throw new FfrtmpError('not_found', `there is no attempt ${params.id}`);
      }
      return viewAttempt(parts.jobs, read, attempt, job.id, task.kind);
    }),
    handle(dispatchOperations.result, async ({ body, caller }) => {
      callersNode(parts, caller, body.node_id);
      if (!parts.tokens.matches(body.attempt_id, body.token)) {
        throw new FfrtmpError('stale_attempt', 'the lease token is wrong: this result changes nothing');
      }
      // A file is looked for only where there is something to write: nearly every agent has sent its log in chunks.
      const mayLog = body.logs !== undefined && body.logs !== '' && parts.leases.get(body.attempt_id) !== undefined;
      if (mayLog && parts.logs.read(body.attempt_id) === '')
        parts.logs.append(body.job_id, body.attempt_id, 0, body.logs ?? '');
      const finished = await finish(parts.jobs, body);
      parts.leases.end(body.attempt_id);
      parts.board.forget(body.attempt_id);
      return { status: finished.status, job_status: finished.jobStatus };
    }),
  ];
}

interface ParkedClaim {
  nodeId: string;
  slots: number;
  claimId: string | undefined;
  held: readonly string[] | undefined;
  waitMs: number;
  signal: AbortSignal;
}

/** Tries, parks, and tries again when woken, until there is work, an order, or the time is up. */
async function parkedClaim(parts: DispatchParts, request: ParkedClaim) {
  const { clock } = parts.jobs;
  const endMs = clock.monotonicMs() + request.waitMs;
  if (request.held) parts.orders.settle(request.nodeId, request.held);
  let how: Woken = 'woken';
  parts.nodes.registry.seen(request.nodeId);
  for (;;) {
    if (!parts.accepting()) throw new FfrtmpError('unavailable', 'the master is stopping: ask again in a moment');
    const node = findNode(parts.nodes, request.nodeId);
    // A call the node no longer waits for must not take work, nor park again and displace its successor.
    const over = how === 'gone' || how === 'replaced' || request.signal.aborted;
    if (over && how === 'woken') parts.passOn(request.nodeId);
    const arrivals = parts.jobs.lanes.arrivals();
    const missed = parts.waiters.missed(request.nodeId);
    const jobs = over ? [] : await claim(parts, { ...request, node });
    const orders = parts.orders.open(request.nodeId);
    const leftMs = endMs - clock.monotonicMs();
    const drain = node.row.draining === 1;
    if (over || jobs.length > 0 || orders.length > 0 || leftMs <= 0) {
      parts.onClaim(jobs.length > 0 ? 'success' : 'no_jobs');
      return { jobs, job: jobs[0]?.job ?? null, orders, drain };
    }
    // What became ready, or woke this node, while it looked has found nobody: we were not parked.
    if (parts.jobs.lanes.arrivals() !== arrivals || parts.waiters.missed(request.nodeId) !== missed) continue;
    how = await parts.waiters.park(request.nodeId, request.slots > 0 && !drain, leftMs, request.signal);
  }
}

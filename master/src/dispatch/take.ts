import type { Transaction } from '../database/commit.ts';
import type { KnownLane } from '../jobs/lanes.ts';
import { settleKnown } from '../jobs/settle.ts';
import {
  type AttemptRow,
  type HeadRow,
  insertAttempt,
  type JobRow,
  jobWithBody,
  laneHeads,
  type TaskRow,
  tasksOfJob,
} from '../jobs/store.ts';
import type { LiveNode } from '../nodes/registry.ts';
import { booked, minus, type NodeFacts, plus, type Resources, within } from '../scheduling/fits.ts';
import { nothing } from '../scheduling/reserve.ts';
import { freeInStore, freeOn } from './capacity.ts';
import type { Claim } from './claim.ts';
import { couldHold, openGate } from './gate.ts';
import { leaseOf } from './leases.ts';
import type { DispatchParts } from './parts.ts';

/** Rows of a lane read at once; a claim for more slots reads again. */
const MAX_HEADS = 16;
const HEADS_GROW = 4;

/** How many tasks at the head of a lane are looked at for one this node need not avoid. */
const LOOK_AHEAD = 8;

/** What a claim has found so far of the lanes: rows already read, and lanes this node must leave alone. */
interface Looked {
  rows: Map<string, HeadRow[]>;
  /** How often each lane was read. */
  reads: Map<string, number>;
  left: Set<string>;
}

/** Takes one task after the other, each time from the lane whose turn it is, until nothing fits any more. */
export async function takeFrom(parts: DispatchParts, tx: Transaction, request: Claim): Promise<Leased[]> {
  const { lanes, clock, ordering } = parts.jobs;
  const { placement } = request.node;
  const draft = lanes.draft(tx);
  const looked: Looked = { rows: new Map(), reads: new Map(), left: new Set() };
  const wantedBy = wantsOf(parts, placement);
  const gate = await openGate(parts, tx, request.node);
  await lookAgain(parts, tx, placement);
  // Counted here and not in memory: two claims of one node may share a group, and neither has its lease yet.
  let free = await freeInStore(tx, lanes, placement);
  let used = nothing;
  const taken: Leased[] = [];
  while (taken.length < request.slots && free.slots > 0) {
    const allowed = onlyThose(
      draft.open(),
      (lane) => wantedBy(lane) !== null && !looked.left.has(lane.key) && gate.lets(lane),
    );
    const first = draft.next(allowed, ordering, clock.now());
    await reserveFor(parts, tx, first, request.node, free);
    const fitting = onlyThose(allowed, (lane) => {
      const wanted = wantedBy(lane) ?? nothing;
      return within(wanted, free) && parts.reservations.allows(placement, lane, wanted, used);
    });
    const lane = fitting === allowed ? first : draft.next(fitting, ordering, clock.now());
    if (!lane) break;
    const task = await headOf(parts, tx, lane, request, looked);
    if (!task) {
      // Its head avoids this node: kept for it, the node would only stand idle.
      if (parts.reservations.laneOf(placement.id) === lane.key) parts.reservations.release(lane.key);
      continue;
    }
    taken.push(await lease(parts, tx, task, request));
    const wanted = wantedBy(lane) ?? nothing;
    free = minus(free, wanted);
    used = plus(used, wanted);
    gate.took(lane);
    draft.served(lane, wanted.threads, parts.queues.weight(lane.tenantId));
    tx.afterCommit(() => parts.reservations.release(lane.key));
  }
  return taken;
}

/** Nearly always that is all of them, and hundreds of lanes need not be copied for each task. */
const onlyThose = (lanes: readonly KnownLane[], suits: (lane: KnownLane) => boolean) =>
  lanes.every(suits) ? lanes : lanes.filter(suits);

/** What a task of a lane books on the node, or null where it could never run there; worked out once a class. */
function wantsOf(parts: DispatchParts, node: NodeFacts): (lane: KnownLane) => Resources | null {
  const byClass = new Map<number, Resources | null>();
  return ({ classId, class: { requirement } }) => {
    const known = byClass.get(classId);
    if (known !== undefined) return known;
    const wanted = parts.jobs.lanes.fits(classId, node) ? booked(requirement, node.total) : null;
    byClass.set(classId, wanted);
    return wanted;
  };
}

/** The lane's oldest task this node may take, or none; the lane's head is known exactly afterwards. */
async function headOf(parts: DispatchParts, tx: Transaction, lane: KnownLane, request: Claim, looked: Looked) {
  const known = looked.rows.get(lane.key) ?? [];
  const rows = known.length > 1 ? known : await headsOf(tx, lane, moreHeads(request, looked, lane));
  const mine = (row: HeadRow) => mayTake(parts, lane, row, request.node);
  let chosen = rows.find(mine);
  let seen = rows;
  if (!chosen && rows.length > 1) {
    seen = await headsOf(tx, lane, LOOK_AHEAD);
    chosen = seen.find(mine);
  }
  const rest = seen.filter((row) => row !== chosen);
  const [next] = rest;
  parts.jobs.lanes.draft(tx).seen(lane, next && { ord: next.ord, since: next.queued_at });
  looked.rows.set(lane.key, rest);
  if (!chosen) looked.left.add(lane.key);
  return chosen;
}

/**
 * How many rows of a lane to read: one task and the head behind it, and more each time the same lane is served again.
 * Where tenants take turns, a claim for sixteen tasks serves sixteen lanes once each.
 */
function moreHeads({ slots }: Claim, looked: Looked, lane: KnownLane): number {
  const times = looked.reads.get(lane.key) ?? 0;
  looked.reads.set(lane.key, times + 1);
  return 1 + Math.min(slots, MAX_HEADS, HEADS_GROW ** times);
}

const headsOf = (tx: Transaction, lane: KnownLane, limit: number) =>
  tx.run(laneHeads, { classId: lane.classId, tenant: lane.tenantId, limit });

/** A lane whose head went away (canceled, moved) is looked up, so that order and age are those of a task that is there. */
async function lookAgain(parts: DispatchParts, tx: Transaction, node: NodeFacts): Promise<void> {
  const draft = parts.jobs.lanes.draft(tx);
  for (const lane of draft.open()) {
    if (lane.exact || !parts.jobs.lanes.fits(lane.classId, node)) continue;
    const [head] = await headsOf(tx, lane, 1);
    draft.seen(lane, head && { ord: head.ord, since: head.queued_at });
  }
}

/** The task whose turn it is fits nowhere and has waited long enough: the best node is kept free for it. */
async function reserveFor(
  parts: DispatchParts,
  tx: Transaction,
  lane: KnownLane | undefined,
  node: LiveNode,
  free: Resources,
): Promise<void> {
  if (!lane || parts.jobs.clock.now() - lane.headSince < parts.reserveAfterMs) return;
  if (within(booked(lane.class.requirement, node.placement.total), free)) return;
  if (parts.reservations.lanes().some((kept) => kept.key === lane.key)) return;
  const [head] = await headsOf(tx, lane, 1);
  if (!head) return;
  const able = parts.nodes.registry
    .all()
    .filter((one) => couldHold(parts, lane, one) && mayTake(parts, lane, head, one));
  const freeOf = (one: LiveNode) => freeOn(parts.leases, parts.jobs.lanes, one.placement);
  parts.reservations.consider(
    lane,
    able.map((one) => ({ node: one.placement, free: freeOf(one) })),
  );
}

/** A node that failed or lost a task leaves it to others, as long as one that was heard of within a lease could run it. */
function mayTake(parts: DispatchParts, lane: KnownLane, task: HeadRow, node: LiveNode): boolean {
  if (task.avoid_node_id !== node.row.id) return true;
  const heardSince = parts.jobs.clock.now() - parts.timing.lease_ms;
  const { registry } = parts.nodes;
  const alive = registry.all().filter((other) => registry.isOnline(other) && (other.seenAt ?? 0) > heardSince);
  const others = alive.filter((other) => other.row.id !== node.row.id && other.row.draining === 0);
  return !others.some((other) => parts.jobs.lanes.fits(lane.classId, other.placement));
}

/** A task handed out, as this transaction leaves it. */
export interface Leased {
  attempt: Pick<AttemptRow, 'id' | 'task_id' | 'node_id' | 'claim_id' | 'class_id' | 'number'>;
  task: TaskRow;
  job: JobRow;
  /** What never changes of its job, as JSON. */
  body: string;
  /** All tasks of its job. */
  tasks: readonly TaskRow[];
}

async function lease(parts: DispatchParts, tx: Transaction, head: HeadRow, { node, claimId }: Claim): Promise<Leased> {
  const id = parts.jobs.newId();
  const [known] = await tx.run(jobWithBody, { seq: head.job_seq });
  const before = await tx.run(tasksOfJob, { seq: head.job_seq });
  const task = before.find((one) => one.id === head.id);
  if (!known || !task) throw new Error(`task ${head.id} is gone`);
  const { body, ...job } = known;
  const number = task.attempts + 1;
  const change = { jobId: job.id, attempts: number, reason: `claimed by ${node.row.name}` };
  const active = await parts.jobs.transitions.task(tx, task, 'active', change);
  await tx.run(insertAttempt, {
    ...{ id, task: task.id, seq: job.seq, tenant: task.tenant_id, number, node: node.row.id },
    classId: task.class_id,
    claim: claimId ?? null,
    now: parts.jobs.clock.now(),
  });
  parts.jobs.events.append(tx, {
    tenantId: task.tenant_id,
    jobId: job.id,
    taskId: task.id,
    attemptId: id,
    kind: 'attempt',
    to: 'leased',
    reason: node.row.name,
  });
  const tasks = before.map((one) => (one.id === active.id ? active : one));
  const settled = await settleKnown(parts.jobs, tx, { job, tasks });
  const held = { node_id: node.row.id, claim_id: claimId ?? null, class_id: task.class_id };
  const attempt = { id, task_id: task.id, number, ...held };
  tx.afterCommit(() => {
    parts.leases.grant(leaseOf(attempt, job, task.kind));
    parts.onLeased(task);
  });
  return { attempt, task: active, job: settled, body, tasks };
}

import { isLiveAttempt } from '@ffrtmp/shared/job/state';
import type { Transaction } from '../../../master/src/database/commit.ts';
import { freeOn } from '../../../master/src/dispatch/capacity.ts';
import type { LaneDraft } from '../../../master/src/jobs/lane-draft.ts';
import type { KnownLane } from '../../../master/src/jobs/lanes.ts';
import { booked, hasDisk, minus, plus, type Resources, within } from '../../../master/src/scheduling/fits.ts';
import { nothing } from '../../../master/src/scheduling/reserve.ts';
import { type ArrayNode, type Arrays, type ArrayTask, rulesOf, setTask, settle } from './arrays.ts';
import { LEASE_MS, OFFLINE_MS, RESERVE_MS, WEIGHTS } from './steps.ts';

const LOOKED_AT = 8;

const headsOf = (world: Arrays, lane: KnownLane) =>
  world.tasks
    .filter((task) => task.claimable && task.classId === lane.classId && String(task.job.tenant) === lane.tenantId)
    .sort((a, b) => a.job.seq - b.job.seq);
const headOf = ([first]: readonly ArrayTask[]) => first && { ord: first.job.seq, since: first.sinceMs };

const isOnline = (world: Arrays, node: ArrayNode) => world.clock.nowMs - node.seenMs < OFFLINE_MS;

/** `couldHold` of dispatch/gate.ts over the arrays. */
export function couldHold(world: Arrays, lane: KnownLane, node: ArrayNode): boolean {
  const works = isOnline(world, node) && !node.draining && hasDisk(lane.class.requirement, node.diskFreeMb);
  return works && !rulesOf(world, lane.tenantId, lane.class.queue).paused && world.lanes.fits(lane.classId, node.facts);
}

function mayTake(world: Arrays, lane: KnownLane, task: ArrayTask, index: number): boolean {
  if (task.avoid !== index) return true;
  const alive = (node: ArrayNode) => isOnline(world, node) && node.seenMs > world.clock.nowMs - LEASE_MS;
  return !world.nodes.some(
    (node, other) => other !== index && alive(node) && !node.draining && world.lanes.fits(lane.classId, node.facts),
  );
}

function freeInRows(world: Arrays, index: number, { facts }: ArrayNode): Resources {
  let free = facts.total;
  for (const { node, state, classId } of world.attempts) {
    const requirement = node === index && isLiveAttempt(state) ? world.lanes.of(classId)?.requirement : undefined;
    if (requirement) free = minus(free, booked(requirement, facts.total));
  }
  return free;
}

/** `openGate` of dispatch/gate.ts over the arrays. */
function openGate(world: Arrays, node: ArrayNode) {
  const kept = world.reservations.lanes();
  return (lane: KnownLane) => {
    const { queue } = lane.class;
    const { paused, maxRunning } = rulesOf(world, lane.tenantId, queue);
    const same = (tenantId: string, classId: number) =>
      tenantId === lane.tenantId && world.lanes.of(classId)?.queue === queue;
    const live = world.attempts.filter((one) => isLiveAttempt(one.state) && same(String(one.tenant), one.classId));
    const others = kept.filter((one) => one.key !== lane.key && same(one.tenantId, one.classId));
    const below = maxRunning === null || live.length + others.length < maxRunning;
    return !paused && below && hasDisk(lane.class.requirement, node.diskFreeMb);
  };
}

/** `takeFrom` of dispatch/take.ts over the arrays: the same production decisions in the same order. */
export function take(world: Arrays, tx: Transaction, index: number, slots: number): ArrayTask[] {
  const { lanes, reservations, ordering, clock } = world;
  const node = world.nodes[index] as ArrayNode;
  const { facts } = node;
  const draft = lanes.draft(tx);
  const left = new Set<string>();
  const gate = openGate(world, node);
  for (const lane of draft.open())
    if (!lane.exact && lanes.fits(lane.classId, facts)) draft.seen(lane, headOf(headsOf(world, lane)));
  let free = freeInRows(world, index, node);
  let used = nothing;
  const taken: ArrayTask[] = [];
  while (taken.length < slots && free.slots > 0 && !node.draining) {
    const open = draft.open().filter((lane) => !left.has(lane.key) && lanes.fits(lane.classId, facts));
    const allowed = open.filter(gate);
    reserve(world, draft.next(allowed, ordering, clock.nowMs), node, free);
    const fitting = allowed.filter((lane) => {
      const wanted = booked(lane.class.requirement, facts.total);
      return within(wanted, free) && reservations.allows(facts, lane, wanted, used);
    });
    const lane = draft.next(fitting, ordering, clock.nowMs);
    if (!lane) break;
    const task = fromLane(world, draft, lane, index);
    if (!task) {
      left.add(lane.key);
      if (reservations.laneOf(facts.id) === lane.key) reservations.release(lane.key);
      continue;
    }
    lease(world, tx, task, index);
    taken.push(task);
    const wanted = booked(lane.class.requirement, facts.total);
    free = minus(free, wanted);
    used = plus(used, wanted);
    draft.served(lane, wanted.threads, WEIGHTS[Number(lane.tenantId)] ?? 1);
    tx.afterCommit(() => reservations.release(lane.key));
  }
  return taken;
}

function fromLane(world: Arrays, draft: LaneDraft, lane: KnownLane, index: number): ArrayTask | undefined {
  const rows = headsOf(world, lane).slice(0, LOOKED_AT);
  const chosen = rows.find((row) => mayTake(world, lane, row, index));
  draft.seen(lane, headOf(rows.filter((row) => row !== chosen)));
  return chosen;
}

function reserve(world: Arrays, lane: KnownLane | undefined, node: ArrayNode, free: Resources): void {
  if (!lane || world.clock.nowMs - lane.headSince < RESERVE_MS) return;
  if (within(booked(lane.class.requirement, node.facts.total), free)) return;
  if (world.reservations.lanes().some((kept) => kept.key === lane.key)) return;
  const [head] = headsOf(world, lane);
  if (!head) return;
  const able = world.nodes.filter((one, index) => couldHold(world, lane, one) && mayTake(world, lane, head, index));
  const candidates = able.map(({ facts }) => ({ node: facts, free: freeOn(world.leases, world.lanes, facts) }));
  world.reservations.consider(lane, candidates);
}

function lease(world: Arrays, tx: Transaction, task: ArrayTask, index: number): void {
  const number = task.attempts + 1;
  setTask(world, tx, task, 'active', { fields: { attempts: number } });
  const id = `${task.key}#${number}`;
  const { classId } = task;
  world.attempts.push({ id, task, number, node: index, classId, tenant: task.job.tenant, state: 'leased' });
  settle(world, task.job);
  const rest = { taskId: task.key, jobSeq: task.job.seq, jobId: String(task.job.seq), claimId: null, taskKind: '' };
  tx.afterCommit(() => world.leases.grant({ attemptId: id, nodeId: String(index), classId, ...rest }));
}

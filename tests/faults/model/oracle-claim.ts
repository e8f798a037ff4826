import {
  type Amounts,
  allTasks,
  isAlive,
  isOnline,
  type Oracle,
  type OracleAttempt,
  type OracleKept,
  type OracleNode,
  type OracleTask,
  rulesOf,
} from './oracle.ts';
import { AGING_MS, RESERVE_MS, WEIGHTS, type Wish } from './steps.ts';

/** Ready tasks that ask for the same, of one tenant, oldest first. */
export interface OracleLane {
  key: string;
  tasks: OracleTask[];
  first: OracleTask;
}

export const laneOf = ({ job, asks }: OracleTask) => `${job.queue}/${job.priority}/${job.tenant}/${asks}`;

/** Sorts everything that waits, each time anew. */
export function lanesOf(oracle: Oracle): OracleLane[] {
  const lanes = new Map<string, OracleTask[]>();
  const waiting = allTasks(oracle).filter((task) => task.state === 'ready' && task.dueMs === null);
  for (const task of waiting.sort((a, b) => a.job.seq - b.job.seq)) {
    const lane = lanes.get(laneOf(task)) ?? [];
    lane.push(task);
    lanes.set(laneOf(task), lane);
  }
  return [...lanes].map(([key, tasks]) => ({ key, tasks, first: tasks[0] as OracleTask }));
}

/** Threads as wished, or an equal share by slots. */
export const needOf = (wish: Wish, { machine }: OracleNode): Amounts => ({
  slots: 1,
  threads: wish.threads ?? Math.floor(machine.threads / machine.slots),
  ramMb: wish.ramMb,
  gpu: wish.gpu,
});
const names = ['slots', 'threads', 'ramMb', 'gpu'] as const;
const holds = (free: Amounts, need: Amounts) => names.every((name) => need[name] <= free[name]);
const less = (a: Amounts, b: Amounts) =>
  Object.fromEntries(names.map((name) => [name, a[name] - b[name]])) as unknown as Amounts;

const couldRun = (wish: Wish, node: OracleNode) => {
  const { machine } = node;
  const named = machine.pool === wish.pool && (wish.label === null || wish.label === machine.label);
  const encodes = wish.encoder === '' || machine.encoders.includes(wish.encoder);
  return named && encodes && holds(machine, { ...needOf(wish, node), slots: 1 });
};
const diskFor = (wish: Wish, node: OracleNode) => node.diskFreeMb === null || wish.diskMb <= node.diskFreeMb;

export const freeOn = (live: readonly OracleAttempt[], index: number, node: OracleNode) =>
  live
    .filter((one) => one.node === index)
    .reduce((free, one) => less(free, needOf(one.wish, node)), node.machine as Amounts);

/** Rank by weight (queue 10/5/1 times priority 3/2/1) and age, or queue and priority alone; lower goes first. */
function rankOf(oracle: Oracle, lane: OracleLane, oldestMs: number): number {
  const place = ['live', 'default', 'batch'].indexOf(lane.first.job.queue);
  const urgency = ['high', 'medium', 'low'].indexOf(lane.first.job.priority);
  if (oracle.order === 'strict') return place * 3 + urgency;
  const weights = [30, 20, 15, 10, 5, 3, 2, 1];
  const weight = ([10, 5, 1][place] ?? 0) * (3 - urgency);
  const aged = weights.indexOf(weight) - Math.floor((oracle.nowMs - oldestMs) / AGING_MS);
  return Math.max(aged, place === 2 ? weights.indexOf(10) + 0.5 : 0);
}

const groupOf = ({ first: { job } }: OracleLane) => `${job.queue}/${job.priority}`;
const clockOf = (oracle: Oracle, group: string, tenant: number) =>
  Math.max(oracle.tenantClock.get(`${group}/${tenant}`) ?? 0, oracle.groupClock.get(group) ?? 0);

/** Best rank, then oldest; within a queue and priority the tenant whose turn it is, then first come, first served. */
function next(oracle: Oracle, lanes: readonly OracleLane[]): OracleLane | undefined {
  const age = (a: OracleLane, b: OracleLane) => a.first.sinceMs - b.first.sinceMs || a.first.job.seq - b.first.job.seq;
  const groups = [...new Set(lanes.map(groupOf))].map((group) => {
    const inside = lanes.filter((lane) => groupOf(lane) === group);
    const oldest = inside.toSorted(age)[0] as OracleLane;
    const clock = (lane: OracleLane) => clockOf(oracle, group, lane.first.job.tenant);
    const [turn] = inside.toSorted((a, b) => clock(a) - clock(b) || a.first.job.seq - b.first.job.seq);
    return { turn, rank: rankOf(oracle, oldest, oldest.first.sinceMs), since: oldest.first.job.seq };
  });
  return groups.sort((a, b) => a.rank - b.rank || a.since - b.since)[0]?.turn;
}

/** The node that failed or lost it leaves it to others, as long as there is another alive that could run it. */
function mayRun(oracle: Oracle, task: OracleTask, index: number): boolean {
  if (task.avoid !== index) return true;
  return !oracle.nodes.some(
    (node, other) => other !== index && isAlive(oracle, node) && !node.draining && couldRun(task.wish, node),
  );
}

function couldHold(oracle: Oracle, kept: Pick<OracleKept, 'wish' | 'tenant' | 'queue'>, node: OracleNode): boolean {
  const works = isOnline(oracle, node) && !node.draining && diskFor(kept.wish, node);
  return works && couldRun(kept.wish, node) && !rulesOf(oracle, kept.tenant, kept.queue).paused;
}

/** A task whose turn it is, that has waited long and finds no room: the node that lacks least is kept free for it. */
function reserve(oracle: Oracle, lane: OracleLane, memory: readonly OracleAttempt[]): void {
  if (oracle.kept.some((one) => one.lane === lane.key)) return;
  const { job, wish } = lane.first;
  const kept = { lane: lane.key, tenant: job.tenant, queue: job.queue, wish, sinceMs: oracle.nowMs };
  const lacks = (index: number, node: OracleNode) => {
    const [need, free] = [needOf(wish, node), freeOn(memory, index, node)];
    const share = (name: (typeof names)[number]) => Math.max(0, need[name] - free[name]) / Math.max(1, need[name]);
    return share('threads') + share('slots') + share('ramMb') + share('gpu');
  };
  const able = [...oracle.nodes.entries()]
    .filter(([index, node]) => couldHold(oracle, kept, node) && mayRun(oracle, lane.first, index))
    .filter(([index]) => !oracle.kept.some((one) => one.node === index))
    .sort(([a, nodeA], [b, nodeB]) => lacks(a, nodeA) - lacks(b, nodeB));
  const [best] = able;
  if (best) oracle.kept.push({ ...kept, node: best[0], need: needOf(wish, best[1]) });
}

/** Reservations of lanes that are empty, and of nodes that could not hold them any more, go. */
export function review(oracle: Oracle): void {
  const waiting = new Set(lanesOf(oracle).map((lane) => lane.key));
  oracle.kept = oracle.kept.filter(
    (kept) => waiting.has(kept.lane) && couldHold(oracle, kept, oracle.nodes[kept.node] as OracleNode),
  );
}

/** At the head of a lane so many tasks are looked at for one that the node need not avoid. */
const LOOKED_AT = 8;

export interface Taken {
  task: OracleTask;
  /** It went before a task whose turn it was: beside a reservation, or because that one did not fit. */
  outOfTurn: boolean;
  /** Beside a task that the node is kept for. */
  beside: boolean;
  /** Older tasks of its lane avoid the node. */
  passedOver: boolean;
  /** Somebody would have had the turn, were his queue not capped. */
  capped: boolean;
}

/**
 * What a claim of a node takes, one task after the other until nothing fits. `memory`: the attempts that ran when the
 * commit began, which is what reservations are judged by. Returns the lanes whose reservation ends with the commit.
 */
export function claim(oracle: Oracle, index: number, slots: number, memory: readonly OracleAttempt[]) {
  const node = oracle.nodes[index] as OracleNode;
  const taken: Taken[] = [];
  const mine: OracleAttempt[] = [];
  const left = new Set<string>();
  const countedKept = [...oracle.kept];
  const served: string[] = [];
  const running = (lane: OracleLane) => {
    const { tenant, queue } = lane.first.job;
    const same = (one: { tenant: number; queue: string }) => one.tenant === tenant && one.queue === queue;
    return oracle.live.filter(same).length + countedKept.filter((one) => same(one) && one.lane !== lane.key).length;
  };
  const isCapped = (lane: OracleLane) => {
    const { maxRunning } = rulesOf(oracle, lane.first.job.tenant, lane.first.job.queue);
    return maxRunning !== null && running(lane) >= maxRunning;
  };
  const starts = (lane: OracleLane) =>
    !rulesOf(oracle, lane.first.job.tenant, lane.first.job.queue).paused &&
    !isCapped(lane) &&
    diskFor(lane.first.wish, node);
  const beside = (lane: OracleLane, need: Amounts) => {
    const kept = oracle.kept.find((one) => one.node === index && one.lane !== lane.key);
    if (!kept) return true;
    const since = memory.filter((one) => one.node === index && one.leasedMs >= kept.sinceMs);
    const booked = [...since, ...mine].reduce(
      (sum, one) => less(sum, needOf(one.wish, node)),
      less(node.machine as Amounts, kept.need),
    );
    return holds(booked, need);
  };
  while (taken.length < slots && !node.draining) {
    const free = freeOn(oracle.live, index, node);
    if (free.slots <= 0) break;
    const allowed = lanesOf(oracle).filter(
      (lane) => !left.has(lane.key) && couldRun(lane.first.wish, node) && starts(lane),
    );
    const turn = next(oracle, allowed);
    const waited = turn !== undefined && oracle.nowMs - turn.first.sinceMs >= RESERVE_MS;
    if (turn && waited && !holds(free, needOf(turn.first.wish, node))) reserve(oracle, turn, memory);
    const fitting = allowed.filter(
      (lane) => holds(free, needOf(lane.first.wish, node)) && beside(lane, needOf(lane.first.wish, node)),
    );
    const lane = next(oracle, fitting);
    if (!lane) break;
    const task = lane.tasks.slice(0, LOOKED_AT).find((one) => mayRun(oracle, one, index));
    if (!task) {
      left.add(lane.key);
      oracle.kept = oracle.kept.filter((one) => one.lane !== lane.key || one.node !== index);
      continue;
    }
    taken.push({
      task,
      outOfTurn: lane.key !== turn?.key,
      beside: oracle.kept.some((one) => one.node === index && one.lane !== lane.key),
      passedOver: task !== lane.first,
      capped: lanesOf(oracle).some((one) => isCapped(one)),
    });
    mine.push(start(oracle, task, index));
    served.push(lane.key);
  }
  return { taken, served, left: left.size };
}

function start(oracle: Oracle, task: OracleTask, index: number): OracleAttempt {
  const { job, wish } = task;
  task.state = 'active';
  task.attempts += 1;
  const attempt = {
    task,
    number: task.attempts,
    node: index,
    leasedMs: oracle.nowMs,
    tenant: job.tenant,
    queue: job.queue,
    wish,
  };
  oracle.live.push(attempt);
  const group = `${job.queue}/${job.priority}`;
  const from = clockOf(oracle, group, job.tenant);
  const cost = Math.max(1, needOf(wish, oracle.nodes[index] as OracleNode).threads);
  oracle.groupClock.set(group, Math.max(oracle.groupClock.get(group) ?? 0, from));
  oracle.tenantClock.set(`${group}/${job.tenant}`, from + cost / (WEIGHTS[job.tenant] ?? 1));
  return attempt;
}

import type { FailureClass } from '@ffrtmp/shared/job/outcome';
import { decideRetry } from '@ffrtmp/shared/job/retry';
import { isLiveAttempt, isTerminalJob, isTerminalTask } from '@ffrtmp/shared/job/state';
import type { Transaction } from '../../../master/src/database/commit.ts';
import {
  type ArrayAttempt,
  type ArrayJob,
  type ArrayNode,
  type Arrays,
  type ArrayTask,
  announce,
  classOf,
  commit,
  dueOf,
  factsOf,
  internClass,
  liveOf,
  newArrays,
  rulesOf,
  setAttempt,
  setTask,
  settle,
  tasksOf,
} from './arrays.ts';
import { couldHold, take } from './arrays-claim.ts';
import { machines, NODES, type Submission } from './steps.ts';
import type { ModelClock, Sight, Subject } from './subject.ts';

/** The pure production functions with plain arrays for a store. */
export function arraySubject(clock: ModelClock, order: 'strict' | 'weighted'): Subject {
  const world = newArrays(clock, order);
  for (let index = 0; index < NODES; index += 1) {
    const machine = machines[index % machines.length];
    if (machine)
      world.nodes.push({ facts: factsOf(index, machine), draining: false, seenMs: clock.nowMs, diskFreeMb: null });
  }
  const jobOf = (seq: number) => world.jobs[seq - 1] as ArrayJob;
  const nodeOf = (index: number) => world.nodes[index] as ArrayNode;
  return {
    submit: async (request) => commit((tx) => submit(world, tx, request)),
    async claim(claims) {
      for (const { node } of claims) nodeOf(node).seenMs = clock.nowMs;
      return commit((tx) => claims.map(({ node, slots }) => take(world, tx, node, slots).map((task) => task.key)));
    },
    finish: async (key) => commit((tx) => finish(world, tx, liveOf(world, key) as ArrayAttempt)),
    fail: async (key, failureClass, random) =>
      commit((tx) => fail(world, tx, liveOf(world, key) as ArrayAttempt, failureClass, random)),
    verb: async (name, seq) => commit((tx) => verbs[name](world, tx, jobOf(seq))),
    move: async (seq, queue, priority) => commit((tx) => move(world, tx, jobOf(seq), { queue, priority })),
    async rules(tenant, queue, change) {
      world.rules.set(`${tenant}/${queue}`, { ...rulesOf(world, String(tenant), queue), ...change });
    },
    async heard(nodes) {
      for (const index of nodes) {
        nodeOf(index).seenMs = clock.nowMs;
        for (const lease of world.leases.ofNode(String(index))) world.leases.renew(lease.attemptId);
      }
    },
    sweep: async () => sweep(world),
    async drain(index, draining) {
      nodeOf(index).draining = draining;
    },
    async register(index, machine) {
      Object.assign(nodeOf(index), { facts: factsOf(index, machine), seenMs: clock.nowMs });
    },
    async disk(index, diskFreeMb) {
      Object.assign(nodeOf(index), { diskFreeMb, seenMs: clock.nowMs });
      for (const lease of world.leases.ofNode(String(index))) world.leases.renew(lease.attemptId);
    },
    look: async () => look(world),
    close: async () => undefined,
  };
}

function submit(world: Arrays, tx: Transaction, request: Submission): void {
  const { nowMs } = world.clock;
  const { tenant, queue, priority, maxRetries, quality } = request;
  const notBeforeMs = request.notBeforeMs === null ? null : nowMs + request.notBeforeMs;
  const seq = world.jobs.length + 1;
  const job: ArrayJob = { seq, state: 'pending', tenant, queue, priority, notBeforeMs, maxRetries };
  const gpu = request.wish.gpu || (request.wish.encoder === 'h264_nvenc' ? 1 : 0);
  const wishes = [{ ...request.wish, gpu }, ...(quality ? [{ ...request.wish, encoder: '', gpu: 0 }] : [])];
  world.jobs.push(job);
  for (const [position, wish] of wishes.entries()) {
    const first = position === 0;
    const dueMs = first ? notBeforeMs : null;
    const task: ArrayTask = {
      ...{ key: `${seq}.${position}`, job, classId: classOf(world, job, wish), state: first ? 'ready' : 'blocked' },
      ...{ required: first, claimable: first && dueMs === null, dueMs, sinceMs: notBeforeMs ?? nowMs },
      ...{ attempts: 0, failures: 0, losses: 0, avoid: null },
    };
    world.tasks.push(task);
    if (task.claimable) announce(world.lanes, tx, task, 1);
  }
}

function finish(world: Arrays, tx: Transaction, attempt: ArrayAttempt): void {
  const { task } = attempt;
  setAttempt(world, tx, attempt, 'succeeded');
  setTask(world, tx, task, 'succeeded');
  for (const other of tasksOf(world, task.job)) if (other.state === 'blocked') setTask(world, tx, other, 'ready');
  settle(world, task.job);
}

function fail(world: Arrays, tx: Transaction, attempt: ArrayAttempt, failureClass: FailureClass, random: number): void {
  const { task } = attempt;
  const lost = failureClass === 'lost';
  setAttempt(world, tx, attempt, lost ? 'lost' : 'failed');
  const losses = task.losses + Number(lost);
  const lostOn = world.attempts.filter((one) => one.task === task && one.state === 'lost').slice(-losses);
  const lostNodes = lost ? new Set(lostOn.map((one) => one.node)).size : 0;
  const facts = { failureClass, retryCount: task.failures, maxRetries: task.job.maxRetries, losses, lostNodes };
  const decision = decideRetry(facts, () => random);
  if (decision.retry) {
    const dueMs = decision.delayMs > 0 ? world.clock.nowMs + decision.delayMs : null;
    const failures = task.failures + Number(decision.counts);
    setTask(world, tx, task, 'ready', { dueMs, fields: { failures, losses, avoid: attempt.node } });
  } else {
    setTask(world, tx, task, 'failed', { fields: { losses } });
    for (const other of tasksOf(world, task.job))
      if (other.state === 'blocked' || other.state === 'ready') setTask(world, tx, other, 'skipped');
  }
  settle(world, task.job);
}

type Verb = (world: Arrays, tx: Transaction, job: ArrayJob) => boolean;

/** The verbs of a person, as jobs/{pause,cancel,retry}.ts have them. */
const verbs: Record<'pause' | 'resume' | 'cancel' | 'retry', Verb> = {
  pause: (world, tx, job) => stop(world, tx, job, 'paused'),
  cancel: (world, tx, job) => stop(world, tx, job, 'canceled'),
  resume(world, tx, job) {
    if (job.state !== 'paused') return false;
    for (const task of tasksOf(world, job)) if (task.state === 'paused') again(world, tx, task, {});
    settle(world, job);
    return true;
  },
  retry(world, tx, job) {
    if (job.state !== 'failed' && job.state !== 'canceled') return false;
    job.state = 'pending';
    for (const task of tasksOf(world, job))
      if (isTerminalTask(task.state) && task.state !== 'succeeded')
        again(world, tx, task, { failures: 0, losses: 0, avoid: null });
    return true;
  },
};

function stop(world: Arrays, tx: Transaction, job: ArrayJob, to: 'paused' | 'canceled'): boolean {
  if (isTerminalJob(job.state)) return false;
  for (const task of tasksOf(world, job)) {
    if (isTerminalTask(task.state)) continue;
    const attempt = liveOf(world, task.key);
    if (attempt) setAttempt(world, tx, attempt, 'canceled');
    setTask(world, tx, task, to);
  }
  settle(world, job);
  return true;
}

function again(world: Arrays, tx: Transaction, task: ArrayTask, fields: Partial<ArrayTask>): void {
  const [first] = tasksOf(world, task.job);
  const open = task === first || first?.state === 'succeeded';
  setTask(world, tx, task, open ? 'ready' : 'blocked', { dueMs: dueOf(world, task.job), fields });
}

function move(world: Arrays, tx: Transaction, job: ArrayJob, place: Pick<ArrayJob, 'queue' | 'priority'>): boolean {
  if (isTerminalJob(job.state)) return false;
  Object.assign(job, place);
  for (const task of tasksOf(world, job)) {
    const facts = world.lanes.of(task.classId);
    if (!facts) continue;
    if (task.claimable) announce(world.lanes, tx, { ...task }, -1);
    task.classId = internClass(world, { ...place, requirement: facts.requirement });
    if (task.claimable) announce(world.lanes, tx, { ...task }, 1);
  }
  return true;
}

function sweep(world: Arrays): void {
  commit((tx) => {
    for (const lease of world.leases.expired()) {
      const attempt = world.attempts.find((one) => one.id === lease.attemptId);
      if (attempt && isLiveAttempt(attempt.state)) fail(world, tx, attempt, 'lost', 0);
    }
  });
  commit((tx) => {
    for (const task of world.tasks)
      if (task.state === 'ready' && task.dueMs !== null && task.dueMs <= world.clock.nowMs) {
        Object.assign(task, { claimable: true, dueMs: null });
        announce(world.lanes, tx, task, 1);
      }
  });
  world.reservations.review((id, lane) => couldHold(world, lane, world.nodes[Number(id)] as ArrayNode));
}

function look(world: Arrays): Sight {
  const counted = new Map<string, number>();
  for (const lane of world.lanes.all()) {
    const key = `${lane.class.queue}/${lane.class.priority}/${lane.tenantId}`;
    if (lane.ready > 0) counted.set(key, (counted.get(key) ?? 0) + lane.ready);
  }
  const live = world.attempts.filter((one) => isLiveAttempt(one.state));
  return {
    jobs: world.jobs.map((job) => job.state),
    tasks: new Map(world.tasks.map((task) => [task.key, { ...task }])),
    live: live.map(({ task, number, node }) => ({ key: task.key, number, node })),
    counted,
    kept: world.nodes.flatMap(({ facts }, index) => (world.reservations.laneOf(facts.id) === undefined ? [] : [index])),
  };
}

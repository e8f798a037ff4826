import type { FailureClass } from '@ffrtmp/shared/job/outcome';
import { LEASE_MS, type Machine, machines, NODES, OFFLINE_MS, START_MS, type Submission, type Wish } from './steps.ts';

/**
 * The promises once more, from the words of the design: plain lists, looked through from one end to the other. Nothing
 * of the scheduler is imported here.
 */
export interface OracleTask {
  /** Number of the job and place in its plan. */
  key: string;
  job: OracleJob;
  wish: Wish;
  /** The wish as one text. */
  asks: string;
  required: boolean;
  state: 'blocked' | 'ready' | 'active' | 'paused' | 'succeeded' | 'failed' | 'canceled' | 'skipped';
  /** When it may start, while it waits for a time. */
  dueMs: number | null;
  sinceMs: number;
  attempts: number;
  failures: number;
  losses: number;
  lostOn: number[];
  avoid: number | null;
}

export interface OracleJob extends Omit<Submission, 'notBeforeMs'> {
  seq: number;
  notBeforeMs: number | null;
  tasks: OracleTask[];
}

export interface OracleAttempt {
  task: OracleTask;
  number: number;
  node: number;
  leasedMs: number;
  /** As it was leased: a job that moves meanwhile leaves its running attempt where it counts. */
  tenant: number;
  queue: Submission['queue'];
  wish: Wish;
}

export interface OracleNode {
  machine: Machine;
  draining: boolean;
  seenMs: number;
  diskFreeMb: number | null;
}

/** A node that is kept free for the head of a lane. */
export interface OracleKept {
  lane: string;
  tenant: number;
  queue: Submission['queue'];
  wish: Wish;
  node: number;
  sinceMs: number;
  need: Amounts;
}

export interface Amounts {
  slots: number;
  threads: number;
  ramMb: number;
  gpu: number;
}

export interface Oracle {
  nowMs: number;
  order: 'strict' | 'weighted';
  jobs: OracleJob[];
  live: OracleAttempt[];
  nodes: OracleNode[];
  kept: OracleKept[];
  rules: Map<string, { paused: boolean; maxRunning: number | null }>;
  /** Fair queueing: of each group its own clock, and of each tenant in it. */
  groupClock: Map<string, number>;
  tenantClock: Map<string, number>;
}

export function newOracle(order: Oracle['order']): Oracle {
  const nodes = Array.from({ length: NODES }, (_, index) => ({
    machine: machines[index % machines.length] as Machine,
    draining: false,
    seenMs: START_MS,
    diskFreeMb: null,
  }));
  const empty = { jobs: [], live: [], kept: [], rules: new Map(), groupClock: new Map(), tenantClock: new Map() };
  return { nowMs: START_MS, order, nodes, ...empty };
}

export const allTasks = (oracle: Oracle) => oracle.jobs.flatMap((job) => job.tasks);
export const rulesOf = (oracle: Oracle, tenant: number, queue: string) =>
  oracle.rules.get(`${tenant}/${queue}`) ?? { paused: false, maxRunning: null };
export const isOnline = (oracle: Oracle, node: OracleNode) => oracle.nowMs - node.seenMs < OFFLINE_MS;
export const isAlive = (oracle: Oracle, node: OracleNode) =>
  isOnline(oracle, node) && node.seenMs > oracle.nowMs - LEASE_MS;

const hasEnded = (task: OracleTask) => ['succeeded', 'failed', 'canceled', 'skipped'].includes(task.state);

/** A required task decides success and failure; the job ends when all of its tasks have. */
export function stateOf(job: OracleJob): string {
  const required = job.tasks.filter((task) => task.required);
  if (required.some((task) => task.state === 'failed')) return 'failed';
  if (required.some((task) => task.state === 'canceled')) return 'canceled';
  if (job.tasks.every(hasEnded)) return 'completed';
  if (job.tasks.some((task) => task.state === 'paused')) return 'paused';
  return job.tasks.some((task) => task.state === 'active' || task.state === 'succeeded') ? 'running' : 'pending';
}
export const isOver = (job: OracleJob) => ['completed', 'failed', 'canceled'].includes(stateOf(job));

/** The task may start now or from `notBefore` on. */
function makeReady(oracle: Oracle, task: OracleTask, dueMs: number | null): void {
  task.state = 'ready';
  task.dueMs = dueMs !== null && dueMs > oracle.nowMs ? dueMs : null;
}

export function submit(oracle: Oracle, request: Submission): OracleJob {
  const notBeforeMs = request.notBeforeMs === null ? null : oracle.nowMs + request.notBeforeMs;
  const job: OracleJob = { ...request, seq: oracle.jobs.length + 1, notBeforeMs, tasks: [] };
  const gpu = request.wish.gpu || (request.wish.encoder === 'h264_nvenc' ? 1 : 0);
  const wishes = [{ ...request.wish, gpu }, ...(request.quality ? [{ ...request.wish, encoder: '', gpu: 0 }] : [])];
  for (const [position, wish] of wishes.entries())
    job.tasks.push({
      ...{
        key: `${job.seq}.${position}`,
        job,
        wish,
        asks: JSON.stringify(wish),
        required: position === 0,
        state: 'blocked',
        dueMs: null,
      },
      ...{ sinceMs: notBeforeMs ?? oracle.nowMs, attempts: 0, failures: 0, losses: 0, lostOn: [], avoid: null },
    });
  oracle.jobs.push(job);
  if (job.tasks[0]) makeReady(oracle, job.tasks[0], notBeforeMs);
  return job;
}

const end = (oracle: Oracle, attempt: OracleAttempt) => {
  oracle.live = oracle.live.filter((one) => one !== attempt);
};

export function finish(oracle: Oracle, attempt: OracleAttempt): void {
  end(oracle, attempt);
  attempt.task.state = 'succeeded';
  for (const task of attempt.task.job.tasks) if (task.state === 'blocked') makeReady(oracle, task, null);
}

/**
 * Input errors are not retried; lost is at once and elsewhere, up to three nodes or five times; the rest counts against
 * the job's retries, infrastructure at once, anything else after random(0, min(15 min, 5 s x 2^(n-1))).
 */
export function fail(oracle: Oracle, attempt: OracleAttempt, failureClass: FailureClass, random: number): void {
  end(oracle, attempt);
  const { task } = attempt;
  const lost = failureClass === 'lost';
  if (lost) {
    task.losses += 1;
    task.lostOn.push(attempt.node);
  }
  const gone = lost && (task.losses >= 5 || new Set(task.lostOn).size >= 3);
  const spent = !lost && (failureClass === 'input' || task.failures >= task.job.maxRetries);
  if (gone || spent) {
    task.state = 'failed';
    for (const other of task.job.tasks) if (['blocked', 'ready'].includes(other.state)) other.state = 'skipped';
    return;
  }
  task.avoid = attempt.node;
  if (!lost) task.failures += 1;
  const capMs = Math.min(15 * 60_000, 5000 * 2 ** (task.failures - 1));
  const delayed = failureClass === 'resource' || failureClass === 'unknown';
  makeReady(oracle, task, delayed ? oracle.nowMs + Math.floor(random * capMs) : null);
}

/** The verbs of a person; false where the job's state refuses them. */
export const verbs: Record<'pause' | 'resume' | 'cancel' | 'retry', (oracle: Oracle, job: OracleJob) => boolean> = {
  pause(oracle, job) {
    if (isOver(job)) return false;
    oracle.live = oracle.live.filter((attempt) => attempt.task.job !== job);
    for (const task of job.tasks) if (['ready', 'active', 'blocked'].includes(task.state)) task.state = 'paused';
    return true;
  },
  resume(oracle, job) {
    if (stateOf(job) !== 'paused') return false;
    for (const task of job.tasks) if (task.state === 'paused') again(oracle, task);
    return true;
  },
  cancel(oracle, job) {
    if (isOver(job)) return false;
    oracle.live = oracle.live.filter((attempt) => attempt.task.job !== job);
    for (const task of job.tasks) if (!hasEnded(task)) task.state = 'canceled';
    return true;
  },
  retry(oracle, job) {
    if (!['failed', 'canceled'].includes(stateOf(job))) return false;
    for (const task of job.tasks) {
      if (task.state === 'succeeded') continue;
      Object.assign(task, { failures: 0, losses: 0, lostOn: [], avoid: null });
      again(oracle, task);
    }
    return true;
  },
};

/** Its turn comes again, unless it waits for another task of its job; `not_before` outlives pause and retry. */
function again(oracle: Oracle, task: OracleTask): void {
  const { job } = task;
  if (task === job.tasks[0] || job.tasks[0]?.state === 'succeeded') makeReady(oracle, task, job.notBeforeMs);
  else task.state = 'blocked';
}

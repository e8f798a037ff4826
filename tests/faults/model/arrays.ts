import {
  type AttemptState,
  attemptTransitions,
  deriveJobState,
  isLegal,
  isLiveAttempt,
  type JobState,
  jobTransitions,
  type TaskState,
  taskTransitions,
} from '@ffrtmp/shared/job/state';
import type { Transaction } from '../../../master/src/database/commit.ts';
import { createLeases, type Leases } from '../../../master/src/dispatch/leases.ts';
import { createReservations, type Reservations } from '../../../master/src/dispatch/reservations.ts';
import { createLanes, type Lanes } from '../../../master/src/jobs/lanes.ts';
import type { NodeFacts, RequirementClass } from '../../../master/src/scheduling/fits.ts';
import type { Ordering } from '../../../master/src/scheduling/rank.ts';
import { AGING_MS, LEASE_MS, type Machine, type Submission, type Wish } from './steps.ts';
import type { ModelClock } from './subject.ts';

/** The rows of the store as plain arrays, and beside them the production code that has no store: lanes, leases, turns. */
export interface Arrays {
  clock: ModelClock;
  ordering: Ordering;
  /** Numbers of requirement classes given out. */
  classes: number;
  jobs: ArrayJob[];
  tasks: ArrayTask[];
  attempts: ArrayAttempt[];
  nodes: ArrayNode[];
  rules: Map<string, { paused: boolean; maxRunning: number | null }>;
  lanes: Lanes;
  leases: Leases;
  reservations: Reservations;
}

export interface ArrayJob {
  seq: number;
  state: JobState;
  tenant: number;
  queue: Submission['queue'];
  priority: Submission['priority'];
  notBeforeMs: number | null;
  maxRetries: number;
}
export interface ArrayTask {
  key: string;
  job: ArrayJob;
  classId: number;
  state: TaskState;
  required: boolean;
  claimable: boolean;
  dueMs: number | null;
  sinceMs: number;
  attempts: number;
  failures: number;
  losses: number;
  avoid: number | null;
}
export interface ArrayAttempt {
  id: string;
  task: ArrayTask;
  number: number;
  node: number;
  classId: number;
  tenant: number;
  state: AttemptState;
}
export interface ArrayNode {
  facts: NodeFacts;
  draining: boolean;
  seenMs: number;
  diskFreeMb: number | null;
}

export function newArrays(clock: ModelClock, order: Ordering['mode']): Arrays {
  const lanes = createLanes(() => undefined);
  const nowMs = () => clock.nowMs;
  const leases = createLeases({ now: nowMs, monotonicMs: nowMs }, LEASE_MS);
  const reservations = createReservations({ leases, lanes, nowMs, onReleased: () => undefined });
  const ordering = { mode: order, agingStepMs: AGING_MS };
  const rows = { jobs: [], tasks: [], attempts: [], nodes: [], rules: new Map() };
  return { clock, ordering, classes: 0, ...rows, lanes, leases, reservations };
}

/** One commit: effects happen at its end, in order. */
export function commit<T>(mutate: (tx: Transaction) => T): T {
  const effects: (() => void)[] = [];
  const run = () => Promise.reject(new Error('the arrays know no statements'));
  const value = mutate({ run, beforeCommit: () => undefined, afterCommit: (effect) => effects.push(effect) });
  for (const effect of effects) effect();
  return value;
}

export const factsOf = (index: number, machine: Machine): NodeFacts => ({
  id: String(index),
  workingEncoders: new Set(machine.encoders),
  noVmaf: 'this ffmpeg has no libvmaf',
  pool: machine.pool,
  labels: machine.label === null ? {} : { only: machine.label },
  total: { slots: machine.slots, threads: machine.threads, ramMb: machine.ramMb, gpuSessions: machine.gpu },
  kind: JSON.stringify(machine),
});

/** The id of a class, as the table of classes would give it. */
export function classOf(world: Arrays, place: Pick<ArrayJob, 'queue' | 'priority'>, wish: Wish): number {
  const requirement: RequirementClass['requirement'] = {
    engine: 'ffmpeg',
    encoder: wish.encoder === '' ? null : wish.encoder,
    cpu_threads: wish.threads,
    ram_mb: wish.ramMb,
    gpu_sessions: wish.gpu,
    disk_mb: wish.diskMb,
    pool: wish.pool,
    node_selector: wish.label === null ? {} : { only: wish.label },
  };
  return internClass(world, { queue: place.queue, priority: place.priority, requirement });
}

export function internClass(world: Arrays, facts: RequirementClass): number {
  const { lanes } = world;
  const known = lanes.classId(facts);
  if (known !== undefined) return known;
  world.classes += 1;
  lanes.defineClass(world.classes, facts);
  return world.classes;
}

const refuse = (what: string, from: string, to: string): never => {
  throw new Error(`${what}: ${from} cannot become ${to}`);
};

interface TaskChange {
  dueMs?: number | null;
  fields?: Partial<ArrayTask>;
}

/** A task's state changes along the production table, and its lane hears of it after the commit. */
export function setTask(
  { lanes }: Arrays,
  tx: Transaction,
  task: ArrayTask,
  to: TaskState,
  change: TaskChange = {},
): void {
  if (task.state === to) return;
  if (!isLegal(taskTransitions, task.state, to)) refuse(`task ${task.key}`, task.state, to);
  const before = task.claimable;
  const dueMs = to === 'ready' ? (change.dueMs ?? null) : null;
  Object.assign(task, { state: to, dueMs, claimable: to === 'ready' && dueMs === null, ...change.fields });
  if (task.claimable !== before) announce(lanes, tx, task, task.claimable ? 1 : -1);
}

export function announce(lanes: Lanes, tx: Transaction, { classId, job, sinceMs }: ArrayTask, delta: 1 | -1): void {
  tx.afterCommit(() => lanes.apply({ classId, tenantId: String(job.tenant), ord: job.seq, since: sinceMs, delta }));
}

export function setAttempt({ leases }: Arrays, tx: Transaction, attempt: ArrayAttempt, to: AttemptState): void {
  if (!isLegal(attemptTransitions, attempt.state, to)) refuse(`attempt ${attempt.id}`, attempt.state, to);
  attempt.state = to;
  tx.afterCommit(() => leases.end(attempt.id));
}

/** Brings a job in line with its tasks, along the production rule and table. */
export function settle(world: Arrays, job: ArrayJob): void {
  const state = deriveJobState(world.tasks.filter((task) => task.job === job));
  if (state === job.state) return;
  if (!isLegal(jobTransitions, job.state, state)) refuse(`job ${job.seq}`, job.state, state);
  job.state = state;
}

export const liveOf = (world: Arrays, key: string) =>
  world.attempts.find((one) => one.task.key === key && isLiveAttempt(one.state));
export const tasksOf = (world: Arrays, job: ArrayJob) => world.tasks.filter((task) => task.job === job);
export const dueOf = ({ clock }: Arrays, job: ArrayJob) =>
  job.notBeforeMs !== null && job.notBeforeMs > clock.nowMs ? job.notBeforeMs : null;
export const rulesOf = (world: Arrays, tenantId: string, queue: string) =>
  world.rules.get(`${tenantId}/${queue}`) ?? { paused: false, maxRunning: null };

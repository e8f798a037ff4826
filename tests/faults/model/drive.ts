import assert from 'node:assert/strict';
import { check } from './invariants.ts';
import {
  allTasks,
  fail,
  finish,
  isOver,
  newOracle,
  type Oracle,
  type OracleAttempt,
  type OracleJob,
  rulesOf,
  submit,
  verbs,
} from './oracle.ts';
import { claim, review } from './oracle-claim.ts';
import { LEASE_MS, type Machine, machines, type Step } from './steps.ts';
import type { ModelClock, Sight, Subject } from './subject.ts';

/** How often what is worth seeing has happened: a run that saw none of it has shown nothing. */
export type Points = Record<string, number>;
export const count = (points: Points, name: string, by = 1) => {
  points[name] = (points[name] ?? 0) + by;
};

interface Run {
  oracle: Oracle;
  subject: Subject;
  clock: ModelClock;
  points: Points;
}

const chosen = <T>(from: readonly T[], pick: number): T | undefined => from[pick % Math.max(1, from.length)];

/** Takes the steps on both, and compares everything after each. */
export async function drive(
  subject: Subject,
  clock: ModelClock,
  order: Oracle['order'],
  steps: readonly Step[],
  points: Points,
) {
  const run: Run = { oracle: newOracle(order), subject, clock, points };
  let before: Sight | undefined;
  for (const step of steps) {
    count(points, `step: ${step.do}`);
    await take(run, step);
    const sight = await subject.look();
    check(run.oracle, sight, before, step);
    before = sight;
  }
}

async function take(run: Run, step: Step): Promise<void> {
  const { oracle, subject, points } = run;
  const { live, jobs } = oracle;
  switch (step.do) {
    case 'submit':
      submit(oracle, step.job);
      return subject.submit(step.job);
    case 'claim':
      return claims(run, step.claims);
    case 'finish': {
      const attempt = chosen(live, step.pick);
      if (!attempt) return;
      finish(oracle, attempt);
      count(points, 'finished');
      return subject.finish(attempt.task.key);
    }
    case 'fail': {
      const attempt = chosen(live, step.pick);
      if (!attempt) return;
      fail(oracle, attempt, step.failureClass, step.random);
      count(points, attempt.task.state === 'failed' ? 'failed for good' : 'failed, tried again');
      return subject.fail(attempt.task.key, step.failureClass, step.random);
    }
    case 'pause':
    case 'resume':
    case 'cancel':
    case 'retry': {
      const job = wanted(jobs, step);
      if (!job) return;
      const done = verbs[step.do](oracle, job);
      assert.equal(await subject.verb(step.do, job.seq), done, `${step.do} of job ${job.seq}`);
      return count(points, done ? `${step.do} done` : `${step.do} refused`);
    }
    case 'move': {
      const job = chosen(jobs, step.pick);
      if (!job) return;
      const done = !isOver(job);
      if (done) Object.assign(job, { queue: step.queue, priority: step.priority });
      assert.equal(await subject.move(job.seq, step.queue, step.priority), done, `move of job ${job.seq}`);
      return;
    }
    default:
      return change(run, step);
  }
}

/** Verbs that need a state look for a job in it first: a random one seldom is. */
function wanted(jobs: readonly OracleJob[], { do: verb, pick }: { do: string; pick: number }): OracleJob | undefined {
  const paused = jobs.filter((job) => job.tasks.some((task) => task.state === 'paused'));
  const ended = jobs.filter((job) => job.tasks[0]?.state === 'failed' || job.tasks[0]?.state === 'canceled');
  const fitting = verb === 'resume' ? paused : verb === 'retry' ? ended : [];
  return chosen(fitting.length > 0 && pick % 5 > 0 ? fitting : jobs, pick);
}

/** What happens to queues, nodes and time. */
async function change({ oracle, subject, clock, points }: Run, step: Step): Promise<void> {
  const pass = (ms: number) => {
    clock.nowMs += ms;
    oracle.nowMs = clock.nowMs;
  };
  const all = [...oracle.nodes.keys()];
  const heard = (nodes: readonly number[]) => {
    for (const index of nodes) Object.assign(oracle.nodes[index] ?? {}, { seenMs: oracle.nowMs });
    return subject.heard(nodes);
  };
  switch (step.do) {
    case 'hold':
    case 'cap': {
      const now = step.do === 'hold' ? { paused: step.paused } : { maxRunning: step.maxRunning };
      oracle.rules.set(`${step.tenant}/${step.queue}`, { ...rulesOf(oracle, step.tenant, step.queue), ...now });
      return subject.rules(step.tenant, step.queue, now);
    }
    case 'wait':
      pass(step.ms);
      await heard(all);
      return sweep(oracle, subject);
    case 'lose': {
      const others = all.filter((index) => index !== step.node);
      pass(LEASE_MS / 2);
      await heard(others);
      pass(LEASE_MS / 2);
      await heard(others);
      const lost = oracle.live.filter((attempt) => attempt.node === step.node);
      for (const attempt of lost) fail(oracle, attempt, 'lost', 0);
      count(points, 'lost', lost.length);
      return sweep(oracle, subject);
    }
    case 'drain':
      Object.assign(oracle.nodes[step.node] ?? {}, { draining: step.draining });
      return subject.drain(step.node, step.draining);
    case 'register': {
      const machine = machines[step.machine] as Machine;
      Object.assign(oracle.nodes[step.node] ?? {}, { machine, seenMs: oracle.nowMs });
      return subject.register(step.node, machine);
    }
    case 'disk':
      Object.assign(oracle.nodes[step.node] ?? {}, { diskFreeMb: step.freeMb, seenMs: oracle.nowMs });
      return subject.disk(step.node, step.freeMb);
  }
}

async function sweep(oracle: Oracle, subject: Subject): Promise<void> {
  for (const task of allTasks(oracle)) if (task.dueMs !== null && task.dueMs <= oracle.nowMs) task.dueMs = null;
  review(oracle);
  await subject.sweep();
}

/** Each node claims once in a commit: what it asks for twice is answered by the first of its calls. */
async function claims(
  { oracle, subject, points }: Run,
  wished: readonly { node: number; slots: number }[],
): Promise<void> {
  const asked = wished.filter(({ node }, index) => wished.findIndex((one) => one.node === node) === index);
  const memory: OracleAttempt[] = [...oracle.live];
  const keptBefore = oracle.kept.length;
  for (const { node } of asked) Object.assign(oracle.nodes[node] ?? {}, { seenMs: oracle.nowMs });
  const expected = asked.map(({ node, slots }) => claim(oracle, node, slots, memory));
  count(points, 'node kept free', Math.max(0, oracle.kept.length - keptBefore));
  const served = new Set(expected.flatMap((one) => one.served));
  count(points, 'kept place taken', oracle.kept.filter((one) => served.has(one.lane)).length);
  oracle.kept = oracle.kept.filter((one) => !served.has(one.lane));
  const taken = expected.flatMap((one) => one.taken);
  count(points, 'taken', taken.length);
  count(points, 'out of turn', taken.filter((one) => one.outOfTurn).length);
  count(points, 'beside a kept place', taken.filter((one) => one.beside).length);
  count(points, 'past one that avoids the node', taken.filter((one) => one.passedOver).length);
  const leftOver = expected.reduce((sum, one) => sum + one.left, 0);
  count(points, 'left to others by the node that failed it', leftOver);
  count(points, 'while a queue was capped', taken.filter((one) => one.capped).length);
  count(
    points,
    'taken by two or more in one commit',
    Number(expected.filter((one) => one.taken.length > 0).length > 1),
  );
  const names = expected.map((one) => one.taken.map(({ task }) => task.key));
  assert.deepEqual(await subject.claim(asked), names, 'I11, I12: each claim takes the tasks whose turn it is');
}

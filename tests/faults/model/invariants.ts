import assert from 'node:assert/strict';
import { allTasks, type Oracle, stateOf } from './oracle.ts';
import { lanesOf, needOf } from './oracle-claim.ts';
import type { Step } from './steps.ts';
import type { Sight } from './subject.ts';

/** The edges of docs/reference/states.md. */
const edges: Record<string, string> = {
  blocked: 'ready paused skipped canceled',
  ready: 'active paused failed skipped canceled',
  active: 'ready paused succeeded failed canceled',
  paused: 'ready blocked canceled',
  succeeded: '',
  failed: 'ready blocked',
  canceled: 'ready blocked',
  skipped: 'blocked',
};
const ended = new Set(['failed', 'canceled', 'skipped']);
const endedJob = new Set(['completed', 'failed', 'canceled']);

/** What has to hold after every step, in the numbers of the design; and that both agree on everything. */
export function check(oracle: Oracle, sight: Sight, before: Sight | undefined, step: Step): void {
  sameRows(oracle, sight);
  legalEdges(sight, before, step);
  attemptsInOrder(sight, before);
  withinLimits(oracle, sight);
  withinResources(oracle, sight, before);
  notTooEarly(oracle, sight, before);
}

function sameRows(oracle: Oracle, sight: Sight): void {
  assert.deepEqual(sight.jobs, oracle.jobs.map(stateOf), 'I1, I8: states of the jobs');
  const tasks = allTasks(oracle);
  assert.equal(sight.tasks.size, tasks.length, 'I2: no task is lost and none is made up');
  for (const task of tasks) {
    const seen = sight.tasks.get(task.key);
    assert.equal(
      seen && `${seen.state} ${seen.claimable} ${seen.attempts} ${seen.failures} ${seen.losses}`,
      `${task.state} ${task.state === 'ready' && task.dueMs === null} ${task.attempts} ${task.failures} ${task.losses}`,
      `task ${task.key}: state, claimable, attempts, failures, losses`,
    );
  }
  const name = (key: string, number: number, node: number) => `${key}#${number} on ${node}`;
  const live = sight.live.map((one) => name(one.key, one.number, one.node)).sort();
  assert.deepEqual(live, oracle.live.map((one) => name(one.task.key, one.number, one.node)).sort(), 'live attempts');
  const counted = new Map<string, number>();
  for (const { first, tasks: waiting } of lanesOf(oracle)) {
    const key = `${first.job.queue}/${first.job.priority}/${first.job.tenant}`;
    counted.set(key, (counted.get(key) ?? 0) + waiting.length);
  }
  const sorted = (map: ReadonlyMap<string, number>) => [...map].sort(([a], [b]) => (a < b ? -1 : 1));
  assert.deepEqual(sorted(sight.counted), sorted(counted), 'I16: what memory counts is what the rows say');
  assert.deepEqual(
    sight.kept,
    oracle.kept.map((one) => one.node).sort((a, b) => a - b),
    'nodes kept free',
  );
}

function legalEdges(sight: Sight, before: Sight | undefined, step: Step): void {
  for (const [key, { state }] of before?.tasks ?? []) {
    const now = sight.tasks.get(key)?.state ?? 'nothing';
    if (now === state) continue;
    assert.ok(edges[state]?.split(' ').includes(now), `I8: task ${key} went from ${state} to ${now}`);
    assert.ok(!ended.has(state) || step.do === 'retry', `I8: task ${key} left ${state} without being asked to`);
  }
  for (const [index, state] of (before?.jobs ?? []).entries())
    assert.ok(
      !endedJob.has(state) || state === sight.jobs[index] || step.do === 'retry',
      `I8: job ${index + 1} left ${state}`,
    );
}

function attemptsInOrder(sight: Sight, before: Sight | undefined): void {
  const keys = sight.live.map((one) => one.key);
  assert.equal(new Set(keys).size, keys.length, 'I5: at most one live attempt of a task');
  for (const [key, { attempts }] of sight.tasks) {
    const last = before?.tasks.get(key)?.attempts ?? 0;
    assert.ok(attempts === last || attempts === last + 1, `I5: attempts of ${key} went from ${last} to ${attempts}`);
  }
}

function withinLimits(oracle: Oracle, sight: Sight): void {
  for (const { key, job } of allTasks(oracle)) {
    const { state = '', failures = 0, losses = 0 } = sight.tasks.get(key) ?? {};
    if (failures > job.maxRetries) assert.fail(`I7: ${key} failed ${failures} times of ${job.maxRetries}`);
    if (losses > 5 || (losses === 5 && state === 'ready')) assert.fail(`I7: ${key} was lost ${losses} times: ${state}`);
  }
}

/** A node that got something holds no more than it has; one that shrank under its work may, and gets nothing. */
function withinResources(oracle: Oracle, sight: Sight, before: Sight | undefined): void {
  const known = new Set((before?.live ?? []).map((one) => `${one.key}#${one.number}`));
  for (const index of new Set(
    sight.live.filter((one) => !known.has(`${one.key}#${one.number}`)).map((one) => one.node),
  )) {
    const node = oracle.nodes[index];
    assert.ok(node);
    const needs = oracle.live.filter((one) => one.node === index).map((one) => needOf(one.wish, node));
    for (const name of ['slots', 'threads', 'ramMb', 'gpu'] as const) {
      const sum = needs.reduce((total, need) => total + need[name], 0);
      assert.ok(sum <= node.machine[name], `I10: node ${index} holds ${sum} of ${node.machine[name]} ${name}`);
    }
    assert.ok(!node.draining, `I11: node ${index} drains`);
  }
}

function notTooEarly(oracle: Oracle, sight: Sight, before: Sight | undefined): void {
  for (const { key, number } of sight.live) {
    if ((before?.tasks.get(key)?.attempts ?? 0) >= number) continue;
    const [seq = 0] = key.split('.').map(Number);
    const job = oracle.jobs[seq - 1];
    assert.ok(job && (job.notBeforeMs ?? 0) <= oracle.nowMs, `I22: job ${seq} started before its time`);
    const state = before?.jobs[seq - 1] ?? 'pending';
    assert.ok(!endedJob.has(state) && state !== 'paused', `I22: job ${seq} was ${state} and started`);
  }
}

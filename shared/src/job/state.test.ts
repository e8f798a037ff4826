import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  attemptStates,
  attemptTransitions,
  deriveJobState,
  isLegal,
  isLiveAttempt,
  isTerminalJob,
  isTerminalTask,
  type JobState,
  jobStates,
  jobTransitions,
  sourcesOf,
  type TaskState,
  taskStates,
  taskTransitions,
} from './state.ts';

const tables = { job: jobTransitions, task: taskTransitions, attempt: attemptTransitions };
const anyTask = fc.record({ state: fc.constantFrom(...taskStates), required: fc.boolean() });
const anyTasks = fc.array(anyTask, { minLength: 1, maxLength: 8 });

describe('The transition tables', () => {
  for (const [name, table] of Object.entries(tables)) {
    test(`lead from ${name} states to ${name} states only, and never from a state to itself`, () => {
      for (const [from, targets] of Object.entries(table)) {
        for (const to of targets) assert.ok(Object.hasOwn(table, to), `${from} -> ${to}`);
        assert.ok(!(targets as readonly string[]).includes(from), from);
        assert.equal(new Set(targets).size, targets.length, from);
      }
    });
  }

  test('name as sources of a state exactly those that lead there', () => {
    for (const to of taskStates)
      assert.deepEqual(
        sourcesOf(taskTransitions, to),
        taskStates.filter((from) => isLegal(taskTransitions, from, to)),
      );
  });

  test('let an attempt end once and for all', () => {
    for (const from of attemptStates.filter((state) => !isLiveAttempt(state)))
      assert.deepEqual(attemptTransitions[from], []);
    for (const from of attemptStates.filter(isLiveAttempt)) {
      assert.ok(isLegal(attemptTransitions, from, 'lost'), `${from} can be lost`);
      assert.ok(isLegal(attemptTransitions, from, 'canceled'), `${from} can be canceled`);
    }
  });

  test('let end states be left only back to the start, by a retry', () => {
    for (const from of jobStates.filter(isTerminalJob))
      for (const to of jobTransitions[from]) assert.equal(to, 'pending');
    for (const from of taskStates.filter(isTerminalTask))
      for (const to of taskTransitions[from]) assert.ok(to === 'ready' || to === 'blocked', `${from} -> ${to}`);
    assert.deepEqual(jobTransitions.completed, []);
    assert.deepEqual(taskTransitions.succeeded, []);
  });

  test('let every job that has not ended be canceled', () => {
    for (const from of jobStates.filter((state) => !isTerminalJob(state)))
      assert.ok(isLegal(jobTransitions, from, 'canceled'), from);
  });
});

describe('The state of a job', () => {
  test('does not depend on the order of its tasks', () => {
    fc.assert(
      fc.property(anyTasks, fc.infiniteStream(fc.nat()), (tasks, order) => {
        const keys = tasks.map((task) => ({ task, key: order.next().value as number }));
        const shuffled = keys.sort((a, b) => a.key - b.key).map(({ task }) => task);
        assert.equal(deriveJobState(shuffled), deriveJobState(tasks));
      }),
    );
  });

  test('is failed exactly when a required task failed', () => {
    fc.assert(
      fc.property(anyTasks, (tasks) => {
        const failed = tasks.some((task) => task.required && task.state === 'failed');
        assert.equal(deriveJobState(tasks) === 'failed', failed);
      }),
    );
  });

  test('is completed only when every task has ended, whatever became of the optional ones', () => {
    fc.assert(
      fc.property(anyTasks, (tasks) => {
        const ended = tasks.every((task) => isTerminalTask(task.state));
        const spoilt = tasks.some((task) => task.required && (task.state === 'failed' || task.state === 'canceled'));
        assert.equal(deriveJobState(tasks) === 'completed', ended && !spoilt);
      }),
    );
  });

  test('is running once a task is active or has succeeded, and pending before', () => {
    assert.equal(deriveJobState([task('ready'), task('blocked')]), 'pending');
    assert.equal(deriveJobState([task('active'), task('blocked')]), 'running');
    assert.equal(deriveJobState([task('succeeded'), task('blocked')]), 'running');
    assert.equal(deriveJobState([task('succeeded'), task('ready')]), 'running');
  });

  test('is that of its latest round; those before only show that it has started', () => {
    const round = (number: number, ...states: TaskState[]) =>
      states.map((state) => ({ ...task(state), round: number }));
    const poor = round(1, 'succeeded', 'failed');
    assert.equal(deriveJobState([...poor]), 'failed');
    assert.equal(deriveJobState([...poor, ...round(2, 'ready', 'blocked')]), 'running');
    assert.equal(deriveJobState([...poor, ...round(2, 'paused', 'paused')]), 'paused');
    assert.equal(deriveJobState([...poor, ...round(2, 'canceled', 'canceled')]), 'canceled');
    assert.equal(deriveJobState([...poor, ...round(2, 'succeeded', 'succeeded')]), 'completed');
    assert.equal(deriveJobState([...poor, ...poor.map((one) => ({ ...one, round: 2 }))]), 'failed');
    fc.assert(
      fc.property(anyTasks, (tasks) => {
        const later = tasks.map((one) => ({ ...one, round: 2 }));
        const state = deriveJobState(tasks);
        assert.equal(deriveJobState([...poor, ...later]), state === 'pending' ? 'running' : state);
      }),
    );
  });

  test('moves along legal edges only, through every order of verbs, for a transcode and a quality task', () => {
    for (const qualityRequired of [false, true]) walkEverything(qualityRequired);
  });
});

const task = (state: TaskState) => ({ state, required: true });

interface World {
  transcode: TaskState;
  quality: TaskState;
  job: JobState;
}

const live = (state: TaskState) => !isTerminalTask(state);
/** What needs a task that has not succeeded waits; else it may be claimed. */
const reopened = (world: World): TaskState => (world.transcode === 'succeeded' ? 'ready' : 'blocked');

/** The verbs of the master as changes of task states; undefined where a verb does not apply. */
const verbs: Record<string, (world: World) => Partial<World> | undefined> = {
  claimTranscode: ({ transcode }) => (transcode === 'ready' ? { transcode: 'active' } : undefined),
  claimQuality: ({ quality }) => (quality === 'ready' ? { quality: 'active' } : undefined),
  transcodeSucceeds: ({ transcode }) =>
    transcode === 'active' ? { transcode: 'succeeded', quality: 'ready' } : undefined,
  transcodeIsRepeated: ({ transcode }) => (transcode === 'active' ? { transcode: 'ready' } : undefined),
  transcodeFails: ({ transcode }) => (transcode === 'active' ? { transcode: 'failed', quality: 'skipped' } : undefined),
  qualitySucceeds: ({ quality }) => (quality === 'active' ? { quality: 'succeeded' } : undefined),
  qualityIsRepeated: ({ quality }) => (quality === 'active' ? { quality: 'ready' } : undefined),
  qualityFails: ({ quality }) => (quality === 'active' ? { quality: 'failed' } : undefined),
  cancel: (world) => (isTerminalJob(world.job) ? undefined : changed(world, live, 'canceled')),
  pause: (world) =>
    isTerminalJob(world.job) ? undefined : changed(world, (state) => live(state) && state !== 'paused', 'paused'),
  resume: (world) =>
    world.job === 'paused'
      ? {
          ...(world.transcode === 'paused' ? { transcode: 'ready' as const } : {}),
          ...(world.quality === 'paused' ? { quality: reopened(world) } : {}),
        }
      : undefined,
};

function changed(world: World, applies: (state: TaskState) => boolean, to: TaskState): Partial<World> {
  return {
    ...(applies(world.transcode) ? { transcode: to } : {}),
    ...(applies(world.quality) ? { quality: to } : {}),
  };
}

/** Visits every world the verbs can reach and checks each step against both tables. */
function walkEverything(qualityRequired: boolean): void {
  const start: World = { transcode: 'ready', quality: 'blocked', job: 'pending' };
  const queue = [start];
  const seen = new Set([JSON.stringify(start)]);
  for (let world = queue.pop(); world !== undefined; world = queue.pop()) {
    for (const [verb, apply] of Object.entries(verbs)) {
      const change = apply(world);
      if (change === undefined) continue;
      const next = { ...world, ...change };
      next.job = deriveJobState([
        { state: next.transcode, required: true },
        { state: next.quality, required: qualityRequired },
      ]);
      const step = `${verb}: ${JSON.stringify(world)} -> ${JSON.stringify(next)}`;
      for (const name of ['transcode', 'quality'] as const)
        assert.ok(next[name] === world[name] || isLegal(taskTransitions, world[name], next[name]), `${name}, ${step}`);
      assert.ok(next.job === world.job || isLegal(jobTransitions, world.job, next.job), step);
      if (seen.has(JSON.stringify(next))) continue;
      seen.add(JSON.stringify(next));
      queue.push(next);
    }
  }
  assert.ok(seen.size > 10, 'the walk got somewhere');
}

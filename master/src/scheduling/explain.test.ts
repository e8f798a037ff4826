import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { explain, type KnownNode, type Question } from './explain.ts';

const requirement = { engine: 'ffmpeg' as const, encoder: 'libx264' };
const task = { kind: 'transcode', state: 'ready' as const, requirement, nodeName: null };
const total = { slots: 1, threads: 8, ramMb: 16_000, gpuSessions: 0 };
const node: KnownNode = {
  id: 'a',
  name: 'node-a',
  workingEncoders: new Set(['libx264']),
  noVmaf: 'this ffmpeg has no libvmaf',
  pool: 'default',
  labels: {},
  total,
  kind: 'a',
  connected: true,
  draining: false,
  free: total,
  diskFreeMb: null,
  reservedFor: null,
  brokenEncoders: new Map(),
};
const other = { ...node, id: 'b', name: 'node-b' };
const busy = { free: { ...total, slots: 0, threads: 0 } };
const question: Question = {
  jobState: 'pending',
  tasks: [task],
  hold: null,
  laneKey: '1/a',
  avoidNodeId: null,
  nodes: [node],
  ahead: { count: 0, atLeast: false },
};
const hold = { reason: 'paused' as const, message: 'the job is paused', untilMs: null };
const asking = (change: object) => [{ ...task, requirement: { ...requirement, ...change } }];

describe('Why a job is not running is answered by the first reason that holds:', () => {
  const cases: [string, Partial<Question>, string, RegExp][] = [
    ['it has ended, whatever else', { jobState: 'failed', hold }, 'ended', /^the job is failed$/],
    [
      'it does run',
      { tasks: [{ ...task, state: 'active', nodeName: 'node-a' }], hold },
      'running',
      /^its transcode task runs on node-a$/,
    ],
    ['it runs on a node that was removed', { tasks: [{ ...task, state: 'active' }] }, 'running', /runs on a node$/],
    [
      'a later task of it fits no node, which is said before the work for it is done',
      { tasks: [task, { ...task, kind: 'quality', state: 'blocked', requirement: { ...requirement, vmaf: true } }] },
      'ready',
      /take it at once; its quality task would wait then: .*node-a does not measure VMAF: this ffmpeg has no libvmaf$/,
    ],
    ['it is held', { hold, nodes: [] }, 'paused', /^the job is paused$/],
    ['its next task waits for another', { tasks: [{ ...task, state: 'blocked' }] }, 'needs', /waits for another task/],
    ['no node is known', { nodes: [] }, 'no_node', /none is registered/],
    ['no node is online', { nodes: [{ ...node, connected: false }] }, 'no_node', /1 registered, all offline/],
    [
      'no node online has the encoder',
      {
        nodes: [
          { ...node, workingEncoders: new Set() },
          { ...other, connected: false },
        ],
      },
      'no_encoder',
      /the encoder libx264 \(1 looked at\)/,
    ],
    [
      'each lacks something else',
      {
        tasks: asking({ cpu_threads: 64, pool: 'gpu' }),
        nodes: [node, { ...other, pool: 'gpu' }],
      },
      'no_capable_node',
      /\(2 looked at\): node-a is in the pool default, not gpu; node-b has 8 of 64 threads$/,
    ],
    [
      'the one able node is busy',
      { nodes: [{ ...node, ...busy }] },
      'no_free_resources',
      /^the only node that could run it \(node-a\) is busy; it is next$/,
    ],
    [
      'all able nodes are busy, draining or short of disk',
      {
        tasks: asking({ disk_mb: 100 }),
        nodes: [
          { ...node, diskFreeMb: 99 },
          { ...other, draining: true },
        ],
        ahead: { count: 7, atLeast: false },
      },
      'no_free_resources',
      /^all 2 nodes .* busy or draining \(1\) or short of disk \(1\); 7 ready tasks stand before it$/,
    ],
    [
      'the one free node is kept for another',
      { nodes: [{ ...node, reservedFor: '9/a' }] },
      'reserved',
      /^node-a could take it and is kept free for a bigger task/,
    ],
    ['the one node kept is kept for it', { nodes: [{ ...node, reservedFor: '1/a' }] }, 'ready', /at once/],
    [
      'the one free node has just failed it, and another could run it',
      { avoidNodeId: 'a', nodes: [node, { ...other, ...busy }] },
      'no_free_resources',
      /^all 2 nodes/,
    ],
    ['there is no other than the one that failed it', { avoidNodeId: 'a' }, 'ready', /at once/],
    [
      'others stand before it',
      { ahead: { count: 1, atLeast: false } },
      'turn',
      /^1 ready task stands before it; node-a can run it$/,
    ],
    [
      'more than are counted stand before it',
      { ahead: { count: 1000, atLeast: true } },
      'turn',
      /^1000 or more ready tasks stand/,
    ],
    ['nothing: it will start at once', {}, 'ready', /will take it at once/],
  ];
  for (const [name, change, reason, message] of cases)
    test(name, () => {
      const why = explain({ ...question, ...change });
      assert.equal(why.reason, reason, why.message);
      assert.match(why.message, message);
    });
});

test('Where no node has the encoder, each says why it has not', () => {
  const broken = new Map([['libx264', 'Unknown encoder']]);
  const nodes = [
    { ...node, workingEncoders: new Set<string>(), brokenEncoders: broken },
    { ...other, workingEncoders: new Set<string>() },
  ];
  const { details } = explain({ ...question, nodes });
  assert.deepEqual(details.nodes, {
    'node-a': 'has no working libx264: Unknown encoder',
    'node-b': 'has no working libx264',
  });
});

test('Where room is lacking, each node says what is free and what would be needed, in the words of the API', () => {
  const nodes = [{ ...node, ...busy, diskFreeMb: 10 }];
  const { details } = explain({ ...question, tasks: asking({ cpu_threads: 6, disk_mb: 20 }), nodes });
  assert.deepEqual(details, {
    ahead: 0,
    nodes: {
      'node-a': {
        free: { slots: 0, threads: 0, ram_mb: 16_000, gpu_sessions: 0 },
        needed: { slots: 1, threads: 6, ram_mb: 0, gpu_sessions: 0 },
        disk_free_mb: 10,
        disk_needed_mb: 20,
      },
    },
  });
});

test('Ten thousand nodes are not named one by one', () => {
  const nodes = Array.from({ length: 10_000 }, (_, index) => ({
    ...node,
    id: `${index}`,
    name: `n${index}`,
    kind: 'a',
  }));
  for (const asked of [requirement, { ...requirement, encoder: 'libx265' }, { ...requirement, cpu_threads: 99 }]) {
    const why = explain({ ...question, tasks: [{ ...task, requirement: asked }], nodes });
    assert.ok(JSON.stringify(why).length < 10_000, `${why.reason}: ${JSON.stringify(why).length} characters`);
  }
});

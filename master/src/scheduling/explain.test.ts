import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { explain, type KnownNode, type Question } from './explain.ts';

const requirement = { engine: 'ffmpeg' as const, encoder: 'libx264' };
const task = { kind: 'transcode', state: 'ready' as const, requirement, nodeName: null };
const node: KnownNode = {
  id: 'a',
  name: 'node-a',
  workingEncoders: new Set(['libx264']),
  connected: true,
  draining: false,
  freeSlots: 1,
  brokenEncoders: new Map(),
};
const question: Question = { jobState: 'pending', tasks: [task], hold: null, nodes: [node] };
const hold = { reason: 'paused' as const, message: 'the job is paused', untilMs: null };

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
    ['it is held', { hold, nodes: [] }, 'paused', /^the job is paused$/],
    ['its next task waits for another', { tasks: [{ ...task, state: 'blocked' }] }, 'needs', /waits for another task/],
    ['no node is known', { nodes: [] }, 'no_node', /none is registered/],
    ['no node is online', { nodes: [{ ...node, connected: false }] }, 'no_node', /1 registered, all offline/],
    [
      'no node online has the encoder',
      {
        nodes: [
          { ...node, workingEncoders: new Set() },
          { ...node, connected: false },
        ],
      },
      'no_encoder',
      /the encoder libx264 \(1 looked at\)/,
    ],
    [
      'the one able node is busy',
      { nodes: [{ ...node, freeSlots: 0 }] },
      'no_free_slot',
      /^the only node that could run it \(node-a\) is busy$/,
    ],
    [
      'all able nodes are busy or draining',
      {
        nodes: [
          { ...node, freeSlots: 0 },
          { ...node, draining: true },
        ],
      },
      'no_free_slot',
      /^all 2 nodes .* busy or draining \(1\)$/,
    ],
    ['nothing: it will start at once', {}, 'ready', /will take it at once/],
  ];
  for (const [name, change, reason, message] of cases)
    test(name, () => {
      const why = explain({ ...question, ...change });
      assert.equal(why.reason, reason);
      assert.match(why.message, message);
    });
});

test('Where no node has the encoder, each says why it has not', () => {
  const broken = new Map([['libx264', 'Unknown encoder']]);
  const nodes = [
    { ...node, workingEncoders: new Set<string>(), brokenEncoders: broken },
    { ...node, name: 'node-b', workingEncoders: new Set<string>() },
  ];
  const { details } = explain({ ...question, nodes });
  assert.deepEqual(details.nodes, { 'node-a': 'Unknown encoder', 'node-b': 'not offered by its ffmpeg' });
});

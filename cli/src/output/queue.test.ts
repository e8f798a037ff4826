import assert from 'node:assert/strict';
import { test } from 'node:test';
import { queuesText } from './queue.ts';

test('the queues are one line each, and the order of the master is said in words', () => {
  const queue = { paused: false, max_running: null, max_queued: null, ready: 0, running: 0, oldest_wait_s: null };
  const text = queuesText('strict', [
    { ...queue, queue: 'live', priorities: [] },
    {
      ...queue,
      queue: 'batch',
      paused: true,
      max_running: 4,
      ready: 1200,
      running: 4,
      oldest_wait_s: 75,
      priorities: [],
    },
  ]);
  assert.equal(
    text,
    [
      'QUEUE  PAUSED  READY  RUNNING  MAX RUNNING  MAX QUEUED  OLDEST WAITS',
      'live   no          0        0         none        none             –',
      'batch  yes      1200        4            4        none    1 min 15 s',
      '',
      'strict order: live goes first, then default, then batch; in each of them high, then medium, then low',
    ].join('\n'),
  );
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runArrays } from './campaign.ts';

/** Nothing is shown by a run in which this did not happen. */
const worthSeeing = [
  ...[
    'taken',
    'finished',
    'failed, tried again',
    'failed for good',
    'lost',
    'resume done',
    'retry done',
    'cancel done',
  ],
  ...['node kept free', 'kept place taken', 'out of turn', 'taken by two or more in one commit'],
  ...['beside a kept place', 'left to others by the node that failed it', 'while a queue was capped'],
];

/** Any; another one is another 200,000 steps. */
const seed = 20_261_120;

test('Queue, placement and state machines do over arrays what a naive look through all tasks says, step by step', async (t) => {
  const { ran, failed, points } = await runArrays({ runs: 2000, commands: 100, seed });
  t.diagnostic(JSON.stringify(points));
  assert.deepEqual(failed, []);
  assert.equal(ran, 2000);
  for (const name of worthSeeing) assert.ok((points[name] ?? 0) > 20, `${name}: ${points[name]} times`);
});

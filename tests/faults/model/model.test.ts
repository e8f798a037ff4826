import assert from 'node:assert/strict';
import { test } from 'node:test';
import { run, runStored } from './campaign.ts';

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
  ...['beside a kept place', 'past one that avoids the node', 'while a queue was capped'],
];

/** Any; another one is another 200,000 steps. */
const seed = 20_261_120;

test('Queue, placement and state machines do over arrays what a naive look through all tasks says, step by step', async (t) => {
  const { ran, failed, points } = await run({ runs: 2000, commands: 100, seed });
  t.diagnostic(JSON.stringify(points));
  assert.deepEqual(failed, []);
  assert.equal(ran, 2000);
  for (const name of worthSeeing) assert.ok((points[name] ?? 0) > 20, `${name}: ${points[name]} times`);
});

test('The verbs, routes and store of a real master do the same', async (t) => {
  const { failed, points } = await runStored({ runs: 40, commands: 100, seed });
  t.diagnostic(JSON.stringify(points));
  assert.deepEqual(failed, []);
  for (const name of ['taken', 'lost', 'retry done', 'node kept free', 'kept place taken'])
    assert.ok((points[name] ?? 0) > 3, `${name}: ${points[name]} times`);
});

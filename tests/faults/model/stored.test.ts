import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runStored } from './campaign.ts';

test('The verbs, routes and store of a real master do what a naive look through all tasks says, step by step', async (t) => {
  const { failed, points } = await runStored({ runs: 40, commands: 100, seed: 20_261_120 });
  t.diagnostic(JSON.stringify(points));
  assert.deepEqual(failed, []);
  for (const name of ['taken', 'lost', 'retry done', 'node kept free', 'kept place taken'])
    assert.ok((points[name] ?? 0) > 3, `${name}: ${points[name]} times`);
});

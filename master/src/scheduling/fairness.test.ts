import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { costOf, tenantClocks } from './fairness.ts';

const step = fc.record({
  group: fc.constantFrom('live/high', 'batch/low'),
  tenant: fc.constantFrom('a', 'b', 'c'),
  cost: fc.integer({ min: 1, max: 64 }),
  weight: fc.integer({ min: 1, max: 10 }),
});

test('What a transaction served shows in it alone until it is merged, and then as if it had been served there', () => {
  fc.assert(
    fc.property(fc.array(step), fc.array(step), (before, during) => {
      const [ground, straight] = [tenantClocks(), tenantClocks()];
      for (const { group, tenant, cost, weight } of [...before, ...during])
        straight.served(group, tenant, cost, weight);
      for (const { group, tenant, cost, weight } of before) ground.served(group, tenant, cost, weight);
      const seen = (clocks: typeof ground) =>
        ['live/high', 'batch/low'].flatMap((group) => ['a', 'b', 'c'].map((tenant) => clocks.clockOf(group, tenant)));
      const untouched = seen(ground);
      const draft = tenantClocks(ground);
      for (const { group, tenant, cost, weight } of during) draft.served(group, tenant, cost, weight);
      assert.deepEqual(seen(draft), seen(straight));
      assert.deepEqual(seen(ground), untouched);
      draft.merge();
      assert.deepEqual(seen(ground), seen(straight));
    }),
  );
});

test('A tenant that was away starts where the others are: nothing saved up, nothing to make good', () => {
  const clocks = tenantClocks();
  clocks.served('g', 'away', 1, 1);
  for (let round = 0; round < 100; round += 1) clocks.served('g', 'busy', 1, 1);
  assert.equal(clocks.clockOf('g', 'away'), 99, 'the start of the task that was served last');
  assert.equal(clocks.clockOf('g', 'busy'), 100);
  assert.equal(clocks.clockOf('other', 'busy'), 0, 'another queue is another account');
});

test('A task costs the threads it books, and never nothing', () => {
  assert.deepEqual([0, 1, 16].map(costOf), [1, 1, 16]);
});

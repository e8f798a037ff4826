import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Priority, priorities, type Queue, queues, rankOf, weightOf } from '@ffrtmp/shared/job/job';
import fc from 'fast-check';
import { rankNow } from './rank.ts';

const STEP_MS = 600_000;
const strict = { mode: 'strict', agingStepMs: STEP_MS } as const;
const weighted = { mode: 'weighted', agingStepMs: STEP_MS } as const;
const places = queues.flatMap((queue) => priorities.map((priority) => ({ queue, priority })));
const anyPlace = fc.constantFrom(...places);
const anyWait = fc.nat({ max: 100 * STEP_MS });

test('In strict order waiting changes nothing', () => {
  fc.assert(
    fc.property(anyPlace, anyWait, ({ queue, priority }, waited) =>
      assert.equal(rankNow(strict, queue, priority, waited), rankOf(queue, priority)),
    ),
  );
});

test('In weighted order a larger weight goes first and equal weights stand side by side', () => {
  const rank = (queue: Queue, priority: Priority) => rankNow(weighted, queue, priority, 0);
  for (const a of places)
    for (const b of places) {
      const sign = Math.sign(weightOf(b.queue, b.priority) - weightOf(a.queue, a.priority));
      assert.equal(Math.sign(rank(a.queue, a.priority) - rank(b.queue, b.priority)), sign);
    }
  assert.equal(rank('live', 'low'), rank('default', 'medium'));
});

test('Each whole step of waiting lifts by one rank, until the first; a clock set back lifts nothing', () => {
  const at = (waitedMs: number) => rankNow(weighted, 'default', 'low', waitedMs);
  assert.deepEqual([0, STEP_MS - 1, STEP_MS, 3 * STEP_MS].map(at), [4, 4, 3, 1]);
  assert.deepEqual([at(1e12), at(-1e12)], [0, 4]);
});

test('However long batch has waited, no live work comes after it', () => {
  fc.assert(
    fc.property(fc.constantFrom(...priorities), fc.constantFrom(...priorities), anyWait, anyWait, (a, b, old, fresh) =>
      assert.ok(rankNow(weighted, 'batch', a, old) > rankNow(weighted, 'live', b, fresh)),
    ),
  );
});

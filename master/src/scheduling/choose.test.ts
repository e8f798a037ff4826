import assert from 'node:assert/strict';
import { test } from 'node:test';
import { priorities, queues, rankOf } from '@ffrtmp/shared/job/job';
import fc from 'fast-check';
import { choose, type Fairness, groupOf, type Lane } from './choose.ts';
import { rankNow } from './rank.ts';

const NOW = 1_000_000_000;
const strict = { mode: 'strict', agingStepMs: 600_000 } as const;
const weighted = { mode: 'weighted', agingStepMs: 600_000 } as const;
const even: Fairness = { clockOf: () => 0 };

const anyLane: fc.Arbitrary<Lane> = fc
  .record({
    tenantId: fc.constantFrom('a', 'b', 'c'),
    queue: fc.constantFrom(...queues),
    priority: fc.constantFrom(...priorities),
    headOrd: fc.nat({ max: 50 }),
    waited: fc.nat({ max: 40 }),
  })
  .map(({ tenantId, queue, priority, headOrd, waited }) => ({
    classId: headOrd,
    tenantId,
    class: { queue, priority, requirement: { engine: 'ffmpeg', encoder: null } },
    ready: 1,
    headOrd,
    headSince: NOW - waited * 200_000,
  }));
const lanes = fc.uniqueArray(anyLane, { selector: (lane) => lane.headOrd, maxLength: 12 });

test('Nothing is chosen only where nothing waits', () => {
  assert.equal(choose([], strict, even, NOW), undefined);
  fc.assert(
    fc.property(lanes, (all) => assert.equal(choose(all, weighted, even, NOW) === undefined, all.length === 0)),
  );
});

test('With one tenant the order is strict: queue, then priority, then the oldest head', () => {
  const key = (lane: Lane) => rankOf(lane.class.queue, lane.class.priority) * 100 + lane.headOrd;
  fc.assert(
    fc.property(lanes, (all) => {
      const [first] = all.toSorted((a, b) => key(a) - key(b));
      assert.equal(choose(all, strict, even, NOW), first);
    }),
  );
});

test('In weighted order a queue and priority goes by its weight and the age of its oldest task', () => {
  fc.assert(
    fc.property(lanes, (all) => {
      const chosen = choose(all, weighted, even, NOW);
      if (!chosen) return;
      const oldest = (lane: Lane) =>
        Math.min(...all.filter((one) => groupOf(one) === groupOf(lane)).map((one) => one.headSince));
      const rank = (lane: Lane) => rankNow(weighted, lane.class.queue, lane.class.priority, NOW - oldest(lane));
      assert.equal(rank(chosen), Math.min(...all.map(rank)));
      const older = all.filter((one) => groupOf(one) === groupOf(chosen) && one.headOrd < chosen.headOrd);
      assert.deepEqual(older, [], 'first come, first served');
    }),
  );
});

test('Within a queue and priority the tenant with the earliest clock is next, whoever came first', () => {
  fc.assert(
    fc.property(lanes, fc.record({ a: fc.nat(3), b: fc.nat(3), c: fc.nat(3) }), (all, clocks) => {
      const clockOf = (_: string, tenantId: string) => clocks[tenantId as 'a'];
      const chosen = choose(all, strict, { clockOf }, NOW);
      for (const lane of all) {
        if (!chosen || groupOf(lane) !== groupOf(chosen)) continue;
        const [mine, theirs] = [clockOf('', chosen.tenantId), clockOf('', lane.tenantId)];
        assert.ok(mine < theirs || (mine === theirs && chosen.headOrd <= lane.headOrd));
      }
    }),
  );
});

test('A tenant’s old task lifts its queue for everybody, and lets nobody jump the turns within', () => {
  const lane = (tenantId: string, headOrd: number, waitedMs: number): Lane => ({
    classId: headOrd,
    tenantId,
    class: { queue: 'default', priority: 'low', requirement: { engine: 'ffmpeg', encoder: null } },
    ready: 1,
    headOrd,
    headSince: NOW - waitedMs,
  });
  const clockOf = (_: string, tenantId: string) => (tenantId === 'hoarder' ? 9 : 1);
  const all = [lane('hoarder', 1, 10 * 600_000), lane('newcomer', 2, 0)];
  assert.equal(choose(all, weighted, { clockOf }, NOW)?.tenantId, 'newcomer');
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createLanes, laneKey } from '../../../master/src/jobs/lanes.ts';
import { commit } from './arrays.ts';

const strict = { mode: 'strict', agingStepMs: 600_000 } as const;
const SERVED = 1000;

/** Tenants with so many tasks each, of one thread, or of the sizes of these classes in turn. */
function queueOf(weights: readonly number[], waiting: readonly number[], sizes: readonly number[]) {
  const lanes = createLanes(() => undefined);
  for (const [index, cpu_threads] of sizes.entries())
    lanes.defineClass(index, {
      queue: 'default',
      priority: 'medium',
      requirement: { engine: 'ffmpeg', encoder: null, cpu_threads },
    });
  let ord = 0;
  const ready = new Map<string, number[]>();
  const arrive = (tenant: number) => {
    ord += 1;
    const place = { classId: ord % sizes.length, tenantId: String(tenant) };
    const key = laneKey(place.classId, place.tenantId);
    const line = ready.get(key) ?? [];
    line.push(ord);
    ready.set(key, line);
    lanes.apply({ ...place, ord, since: 0, delta: 1 });
  };
  for (const [tenant, count] of waiting.entries()) for (let n = 0; n < count; n += 1) arrive(tenant);
  /** Serves the next task of those present; what it cost, and whose it was. */
  const serve = (present: (tenant: number) => boolean) =>
    commit((tx) => {
      const draft = lanes.draft(tx);
      const lane = draft.next(
        draft.open().filter((one) => present(Number(one.tenantId))),
        strict,
        0,
      );
      if (!lane) return undefined;
      const [head = 0, next] = ready.get(lane.key) ?? [];
      ready.get(lane.key)?.shift();
      const { classId, tenantId } = lane;
      tx.afterCommit(() => lanes.apply({ classId, tenantId, ord: head, since: 0, delta: -1 }));
      draft.seen(lane, next === undefined ? undefined : { ord: next, since: 0 });
      const cost = sizes[classId] ?? 1;
      draft.served(lane, cost, weights[Number(tenantId)] ?? 1);
      return { tenant: Number(tenantId), cost };
    });
  return {
    serve,
    left: (tenant: number) =>
      [...ready].filter(([key]) => key.endsWith(`/${tenant}`)).flatMap(([, ords]) => ords).length,
  };
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, one) => total + one, 0);

/** Nobody's share is off by more than 5 % and one task. */
function fair(costs: readonly number[], weights: readonly number[], among: readonly number[], largest: number): void {
  const all = sum(among.map((tenant) => costs[tenant] ?? 0));
  const weight = sum(among.map((tenant) => weights[tenant] ?? 0));
  for (const tenant of among) {
    const due = (all * (weights[tenant] ?? 0)) / weight;
    const off = Math.abs((costs[tenant] ?? 0) - due);
    assert.ok(off <= 0.05 * due + largest, `tenant ${tenant} of ${weights}: got ${costs[tenant]}, due ${due}`);
  }
}

const anyWeights = fc.array(fc.integer({ min: 1, max: 10 }), { minLength: 2, maxLength: 5 });
const anySizes = fc.array(fc.constantFrom(1, 2, 4, 8), { minLength: 1, maxLength: 3 });

test('I13: over 1,000 tasks every tenant gets its weight, though one has put in nine of ten', () => {
  fc.assert(
    fc.property(anyWeights, anySizes, fc.nat(4), (weights, sizes, greedy) => {
      // Enough that nobody runs dry before 1,000 are served: 90 % of what waits is the one tenant's.
      const waiting = weights.map((_, tenant) => (tenant === greedy % weights.length ? 9 : 1) * 1100);
      const { serve } = queueOf(weights, waiting, sizes);
      const costs = weights.map(() => 0);
      for (let n = 0; n < SERVED; n += 1) {
        const served = serve(() => true);
        if (served) costs[served.tenant] = (costs[served.tenant] ?? 0) + served.cost;
      }
      fair(costs, weights, [...weights.keys()], Math.max(...sizes));
    }),
    { numRuns: 40 },
  );
});

test('A tenant that was away neither saves up nor starves: from its return on it gets its weight', () => {
  fc.assert(
    fc.property(anyWeights, anySizes, fc.integer({ min: 0, max: 600 }), (weights, sizes, awayFor) => {
      const { serve } = queueOf(
        weights,
        weights.map(() => 2000),
        sizes,
      );
      for (let n = 0; n < 50; n += 1) serve(() => true);
      for (let n = 0; n < awayFor; n += 1) assert.notEqual(serve((tenant) => tenant !== 0)?.tenant, 0);
      const costs = weights.map(() => 0);
      for (let n = 0; n < SERVED; n += 1) {
        const served = serve(() => true);
        if (served) costs[served.tenant] = (costs[served.tenant] ?? 0) + served.cost;
      }
      fair(costs, weights, [...weights.keys()], 2 * Math.max(...sizes));
    }),
    { numRuns: 40 },
  );
});

test('A tenant that comes now and then is served before the one whose tasks fill the queue', () => {
  const { serve, left } = queueOf([1, 1], [5000, 300], [1]);
  for (let round = 0; round < 300; round += 1) {
    const turns = [serve(() => true), serve(() => true)].map((served) => served?.tenant);
    assert.ok(turns.includes(1), `round ${round}: ${turns}`);
  }
  assert.deepEqual([left(0), left(1)], [4700, 0]);
});

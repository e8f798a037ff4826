import assert from 'node:assert/strict';
import { test } from 'node:test';
import { priorities, queues, rankOf } from '@ffrtmp/shared/job/job';
import fc from 'fast-check';
import { choose, type Lane } from './choose.ts';
import { canonical, fits, fromCanonical, type NodeFacts, type RequirementClass } from './fits.ts';

const encoders = ['libx264', 'libx265', 'h264_nvenc'];
const anyEncoder = fc.option(fc.constantFrom(...encoders), { nil: null });
const anyClass: fc.Arbitrary<RequirementClass> = fc
  .tuple(fc.constantFrom(...queues), fc.constantFrom(...priorities), anyEncoder)
  .map(([queue, priority, encoder]) => ({ queue, priority, requirement: { engine: 'ffmpeg', encoder } }));
const anyNode: fc.Arbitrary<NodeFacts> = fc.record({
  id: fc.constant('node'),
  workingEncoders: fc.subarray(encoders).map((names) => new Set(names)),
});
const anyLane: fc.Arbitrary<Lane> = fc.record({
  classId: fc.nat(),
  tenantId: fc.constantFrom('a', 'b'),
  class: anyClass,
  ready: fc.nat({ max: 2 }),
  headOrd: fc.nat({ max: 50 }),
});

test('A node may take from exactly the lanes that hold something it can run', () => {
  fc.assert(
    fc.property(fc.array(anyLane), anyNode, (lanes, node) => {
      const wanted = lanes.filter((lane) => lane.ready > 0 && fits(lane.class.requirement, node));
      assert.deepEqual(new Set(choose(lanes, node)), new Set(wanted));
    }),
  );
});

test('Lanes come in strict order: queue, then priority, then the oldest head', () => {
  fc.assert(
    fc.property(fc.array(anyLane), anyNode, (lanes, node) => {
      const keys = choose(lanes, node).map((lane) => [rankOf(lane.class.queue, lane.class.priority), lane.headOrd]);
      for (const [index, [rank = 0, ord = 0]] of keys.entries()) {
        const [before = -1, older = -1] = keys[index - 1] ?? [];
        assert.ok(before < rank || (before === rank && older <= ord), JSON.stringify(keys));
      }
    }),
  );
});

test('A task without an encoder of its own runs anywhere, any other where its encoder works', () => {
  const node = { id: 'n', workingEncoders: new Set(['libx264']) };
  assert.ok(fits({ engine: 'ffmpeg', encoder: null }, { id: 'bare', workingEncoders: new Set() }));
  assert.ok(fits({ engine: 'ffmpeg', encoder: 'libx264' }, node));
  assert.ok(!fits({ engine: 'ffmpeg', encoder: 'libx265' }, node));
});

test('A requirement class is read back from its one text, and different classes have different texts', () => {
  fc.assert(
    fc.property(anyClass, anyClass, (a, b) => {
      assert.deepEqual(fromCanonical(canonical(a)), a);
      assert.equal(canonical(a) === canonical(b), canonical(fromCanonical(canonical(a))) === canonical(b));
    }),
  );
  const shuffled = {
    requirement: { encoder: null, engine: 'ffmpeg' as const },
    priority: 'low' as const,
    queue: 'live' as const,
  };
  const straight = {
    queue: 'live' as const,
    priority: 'low' as const,
    requirement: { engine: 'ffmpeg' as const, encoder: null },
  };
  assert.equal(canonical(shuffled), canonical(straight));
});

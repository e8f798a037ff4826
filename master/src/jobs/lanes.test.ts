import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { RequirementClass } from '../scheduling/fits.ts';
import { createLanes } from './lanes.ts';

const classOf = (encoder: string | null): RequirementClass => ({
  queue: 'default',
  priority: 'medium',
  requirement: { engine: 'ffmpeg', encoder },
});
const node = { id: 'n', workingEncoders: new Set(['libx264']) };

function lanesWith(onReady: (classId: number, avoid: string | null) => void = () => undefined) {
  const lanes = createLanes(onReady);
  lanes.defineClass(1, classOf('libx264'));
  lanes.defineClass(2, classOf('libx265'));
  return lanes;
}

test('A class is known by what it asks for, whoever asks', () => {
  const lanes = lanesWith();
  assert.deepEqual([lanes.classId(classOf('libx264')), lanes.classId(classOf(null))], [1, undefined]);
  assert.deepEqual(lanes.of(2), classOf('libx265'));
  assert.deepEqual([lanes.fits(1, node), lanes.fits(2, node), lanes.fits(3, node)], [true, false, false]);
});

test('Every task that becomes ready is told once, with the node that should not be woken for it, and counted', () => {
  const told: unknown[] = [];
  const lanes = lanesWith((...one) => told.push(one));
  lanes.apply({ classId: 1, tenantId: 'a', ord: 5, delta: 1 });
  lanes.apply({ classId: 1, tenantId: 'a', ord: 5, delta: -1 });
  lanes.apply({ classId: 2, tenantId: 'a', ord: 6, delta: 1, avoidNodeId: 'n' });
  assert.deepEqual(told, [
    [1, null],
    [2, 'n'],
  ]);
  assert.equal(lanes.arrivals(), 2);
});

test('The tasks of a tenant wait in a lane of their own, the oldest head first', () => {
  const lanes = lanesWith();
  lanes.apply({ classId: 1, tenantId: 'b', ord: 9, delta: 1 });
  lanes.apply({ classId: 1, tenantId: 'a', ord: 7, delta: 1 });
  lanes.apply({ classId: 1, tenantId: 'b', ord: 3, delta: 1 });
  lanes.apply({ classId: 2, tenantId: 'a', ord: 1, delta: 1 });
  assert.deepEqual(
    lanes.open(node).map(({ tenantId, headOrd }) => [tenantId, headOrd]),
    [
      ['b', 3],
      ['a', 7],
    ],
  );
});

test('A look into the index corrects a lane: emptied when nothing is left, kept open with its new head otherwise', () => {
  const lanes = lanesWith();
  lanes.restore(1, 'a', 4, 10);
  const [lane] = lanes.open(node);
  assert.ok(lane);
  lanes.correct(lane, 12);
  assert.deepEqual([lane.ready, lane.headOrd], [4, 12]);
  lanes.correct(lane, undefined);
  assert.deepEqual(lanes.open(node), []);
  lanes.correct(lane, 13);
  assert.equal(lanes.open(node)[0]?.headOrd, 13);
});

test('A class that nobody defined is a fault and not a silent loss', () => {
  assert.throws(() => lanesWith().apply({ classId: 9, tenantId: 'a', ord: 1, delta: 1 }), /class 9 was never defined/);
});

test('A lane is open exactly while tasks wait in it, whatever comes and goes', () => {
  const step = fc.record({ classId: fc.constantFrom(1, 2), tenantId: fc.constantFrom('a', 'b'), take: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const lanes = lanesWith();
      const waiting = new Map<string, number>();
      for (const [ord, { classId, tenantId, take }] of steps.entries()) {
        const key = `${classId}/${tenantId}`;
        const ready = waiting.get(key) ?? 0;
        if (take && ready === 0) continue;
        lanes.apply({ classId, tenantId, ord, delta: take ? -1 : 1 });
        waiting.set(key, ready + (take ? -1 : 1));
      }
      const both = { id: 'n', workingEncoders: new Set(['libx264', 'libx265']) };
      const open = new Map(lanes.open(both).map((lane) => [`${lane.classId}/${lane.tenantId}`, lane.ready]));
      assert.deepEqual(open, new Map([...waiting].filter(([, ready]) => ready > 0)));
    }),
  );
});

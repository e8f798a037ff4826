import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { NodeFacts, RequirementClass } from '../scheduling/fits.ts';
import { createLanes, type LaneChange } from './lanes.ts';

const classOf = (encoder: string | null, queue: RequirementClass['queue'] = 'default'): RequirementClass => ({
  queue,
  priority: 'medium',
  requirement: { engine: 'ffmpeg', encoder },
});
const nodeWith = (...encoders: string[]): NodeFacts => ({
  id: 'n',
  workingEncoders: new Set(encoders),
  noVmaf: 'this ffmpeg has no libvmaf',
  pool: 'default',
  labels: {},
  total: { slots: 1, threads: 8, ramMb: 1000, gpuSessions: 0 },
  kind: encoders.join(),
});

function lanesWith(onReady: (classId: number, avoid: string | null) => void = () => undefined) {
  const lanes = createLanes((lane, avoid) => onReady(lane.classId, avoid));
  lanes.defineClass(1, classOf('libx264'));
  lanes.defineClass(2, classOf('libx265', 'live'));
  const change = (fields: Partial<LaneChange>) =>
    lanes.apply({ classId: 1, tenantId: 'a', ord: 1, since: 100, delta: 1, ...fields });
  const lane = (key: string) => [...lanes.all()].find((one) => one.key === key);
  return { lanes, change, lane };
}

test('A class is known by what it asks for, whoever asks', () => {
  const { lanes } = lanesWith();
  assert.deepEqual([lanes.classId(classOf('libx264')), lanes.classId(classOf(null))], [1, undefined]);
  assert.deepEqual(lanes.of(2), classOf('libx265', 'live'));
  const node = nodeWith('libx264');
  assert.deepEqual([lanes.fits(1, node), lanes.fits(2, node), lanes.fits(3, node)], [true, false, false]);
});

test('What a node can run is worked out anew once it is another kind of node', () => {
  const { lanes } = lanesWith();
  assert.equal(lanes.fits(2, nodeWith('libx264')), false);
  assert.equal(lanes.fits(2, nodeWith('libx264', 'libx265')), true);
  assert.equal(lanes.fits(2, nodeWith('libx264')), false);
});

test('Every task that becomes ready is told once, with the node that should not be woken for it, and counted', () => {
  const told: unknown[] = [];
  const { lanes, change } = lanesWith((...one) => told.push(one));
  change({ ord: 5 });
  change({ ord: 5, delta: -1 });
  change({ classId: 2, ord: 6, avoidNodeId: 'n' });
  assert.deepEqual(told, [
    [1, null],
    [2, 'n'],
  ]);
  assert.equal(lanes.arrivals(), 2);
});

test('The tasks of a tenant wait in a lane of their own, counted by queue, the oldest at its head', () => {
  const { lanes, change, lane } = lanesWith();
  change({ tenantId: 'b', ord: 9, since: 900 });
  change({ ord: 7, since: 700 });
  change({ tenantId: 'b', ord: 3, since: 300 });
  change({ classId: 2, ord: 1 });
  assert.deepEqual([lane('1/b')?.headOrd, lane('1/b')?.headSince, lane('1/b')?.ready], [3, 300, 2]);
  assert.deepEqual([lane('1/a')?.headOrd, lane('1/a')?.headSince], [7, 700]);
  assert.deepEqual([lanes.readyIn('b', 'default'), lanes.readyIn('a', 'live'), lanes.readyIn('c', 'live')], [2, 1, 0]);
});

test('A lane whose head went away knows that it has to be looked up; emptied, it starts anew with the next task', () => {
  const { change, lane } = lanesWith();
  change({ ord: 4, since: 400 });
  change({ ord: 8, since: 800 });
  assert.equal(lane('1/a')?.exact, true);
  change({ ord: 8, delta: -1 });
  assert.equal(lane('1/a')?.exact, true, 'the head is still there');
  change({ ord: 4, delta: -1 });
  assert.equal(lane('1/a')?.exact, false);
  change({ ord: 9, since: 900 });
  assert.deepEqual([lane('1/a')?.headOrd, lane('1/a')?.headSince], [9, 900]);
});

test('What the index says counts at start and for a lane that is empty, and never against what memory knows', () => {
  const { lanes, change, lane } = lanesWith();
  const seen = { classId: 1, tenantId: 'a', headOrd: 5, headSince: 50 };
  lanes.restore(seen);
  assert.deepEqual([lane('1/a')?.ready, lane('1/a')?.headOrd], [1, 5]);
  lanes.restore({ ...seen, ready: 40 });
  assert.equal(lane('1/a')?.ready, 40);
  lanes.restore({ ...seen, headOrd: 99 });
  assert.deepEqual([lane('1/a')?.ready, lane('1/a')?.headOrd], [40, 5]);
  change({ classId: 2, ord: 7 });
  lanes.restore({ ...seen, classId: 2, headOrd: 3 });
  assert.equal(lane('2/a')?.headOrd, 7);
});

test('A class that nobody defined is a fault and not a silent loss', () => {
  assert.throws(() => lanesWith().change({ classId: 9 }), /class 9 was never defined/);
});

test('Counts and heads follow whatever comes and goes', () => {
  const step = fc.record({ classId: fc.constantFrom(1, 2), tenantId: fc.constantFrom('a', 'b'), take: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const { change, lane } = lanesWith();
      const waiting = new Map<string, number[]>();
      for (const [ord, { classId, tenantId, take }] of steps.entries()) {
        const key = `${classId}/${tenantId}`;
        const ready = waiting.get(key) ?? [];
        if (take && ready.length === 0) continue;
        const last = ready.at(-1) ?? 0;
        change({ classId, tenantId, ord: take ? last : ord, delta: take ? -1 : 1 });
        waiting.set(key, take ? ready.slice(0, -1) : [...ready, ord]);
      }
      for (const [key, ords] of waiting) {
        assert.equal(lane(key)?.ready, ords.length);
        if (ords.length > 0) assert.equal(lane(key)?.headOrd, ords[0]);
      }
    }),
  );
});

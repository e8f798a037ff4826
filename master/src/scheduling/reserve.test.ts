import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Lane } from './choose.ts';
import { booked, minus, type NodeFacts, plus, type Resources, within } from './fits.ts';
import { mayBackfill, nodeToReserve, nothing } from './reserve.ts';

const amounts = (max: number) =>
  fc.record({ slots: fc.nat({ max }), threads: fc.nat({ max }), ramMb: fc.nat({ max }), gpuSessions: fc.nat({ max }) });

test('Whatever is let in beside a reservation, the task it is for still fits on the otherwise empty node', () => {
  fc.assert(
    fc.property(amounts(20), amounts(10), fc.array(amounts(6)), (total, need, small) => {
      fc.pre(within(need, total));
      let beside = nothing;
      for (const wanted of small)
        if (mayBackfill({ laneKey: 'l', nodeId: 'n', need, beside }, wanted, total)) beside = plus(beside, wanted);
      assert.ok(within(need, minus(total, beside)), JSON.stringify({ need, beside, total }));
    }),
  );
});

const lane = (cpu_threads: number | null, ram_mb = 0): Lane => ({
  classId: 1,
  tenantId: 'a',
  class: {
    queue: 'default',
    priority: 'medium',
    requirement: { engine: 'ffmpeg', encoder: null, cpu_threads, ram_mb },
  },
  ready: 1,
  headOrd: 1,
  headSince: 0,
});
const candidate = (id: string, total: Resources, free: Resources) => {
  const node: NodeFacts = {
    id,
    workingEncoders: new Set(),
    pool: 'default',
    labels: {},
    noVmaf: null,
    total,
    kind: id,
  };
  return { node, free };
};
const total = { slots: 4, threads: 16, ramMb: 1000, gpuSessions: 0 };

test('The node is kept that lacks least of what the task needs, in threads, slots and memory alike', () => {
  const half = candidate('half', total, { ...total, threads: 8 });
  const almost = candidate('almost', total, { ...total, threads: 12 });
  const noMemory = candidate('no memory', total, { ...total, ramMb: 0 });
  assert.equal(nodeToReserve(lane(16), [half, almost])?.node.id, 'almost');
  assert.equal(nodeToReserve(lane(16, 900), [noMemory, almost])?.node.id, 'almost');
  assert.equal(nodeToReserve(lane(16), []), undefined);
});

test('A node with more slots than threads, or with less than nothing free, is compared like any other', () => {
  const crowded = { slots: 8, threads: 4, ramMb: 1000, gpuSessions: 0 };
  assert.equal(booked(lane(null).class.requirement, crowded).threads, 0);
  const full = candidate('full', crowded, { ...crowded, slots: 0, threads: -2 });
  const idle = candidate('idle', crowded, crowded);
  for (const order of [
    [full, idle],
    [idle, full],
  ])
    assert.equal(nodeToReserve(lane(null), order)?.node.id, 'idle');
});

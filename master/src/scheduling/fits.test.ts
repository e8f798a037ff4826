import assert from 'node:assert/strict';
import { test } from 'node:test';
import { priorities, queues } from '@ffrtmp/shared/job/job';
import type { Requirement } from '@ffrtmp/shared/job/task';
import fc from 'fast-check';
import {
  booked,
  canonical,
  fits,
  fromCanonical,
  minus,
  misfit,
  type NodeFacts,
  plus,
  type RequirementClass,
  within,
} from './fits.ts';

const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: null });
const anyNeed: fc.Arbitrary<Requirement> = fc.record({
  engine: fc.constant('ffmpeg' as const),
  encoder: maybe(fc.constantFrom('libx264', 'h264_nvenc')),
  cpu_threads: maybe(fc.integer({ min: 1, max: 64 })),
  ram_mb: fc.nat(),
  gpu_sessions: fc.nat({ max: 8 }),
  disk_mb: fc.nat(),
  pool: fc.constantFrom('default', 'gpu'),
  node_selector: fc.dictionary(fc.constantFrom('a', 'b', 'c'), fc.string({ maxLength: 3 })),
});
const anyClass: fc.Arbitrary<RequirementClass> = fc.record({
  queue: fc.constantFrom(...queues),
  priority: fc.constantFrom(...priorities),
  requirement: anyNeed,
});
const anyAmounts = fc.record({
  slots: fc.integer({ min: 1, max: 8 }),
  threads: fc.integer({ min: 1, max: 64 }),
  ramMb: fc.nat(),
  gpuSessions: fc.nat({ max: 8 }),
});

const need = (fields: Partial<Requirement> = {}): Requirement => ({ engine: 'ffmpeg', encoder: 'libx264', ...fields });
const node: NodeFacts = {
  id: 'n',
  workingEncoders: new Set(['libx264']),
  noVmaf: 'this ffmpeg has no libvmaf',
  pool: 'default',
  labels: { disk: 'nvme' },
  total: { slots: 2, threads: 8, ramMb: 16_000, gpuSessions: 1 },
  kind: 'n',
};

test('A node that can never run a class says what it lacks, in the order people look for it', () => {
  const cases: [Partial<Requirement>, string | null][] = [
    [{}, null],
    [{ encoder: null }, null],
    [{ encoder: 'libx265' }, 'has no working libx265'],
    [{ pool: 'gpu', encoder: 'libx265' }, 'is in the pool default, not gpu'],
    [{ node_selector: { disk: 'nvme' } }, null],
    [{ node_selector: { disk: 'hdd' } }, 'does not carry the label disk=hdd'],
    [{ node_selector: { zone: '' } }, 'does not carry the label zone='],
    [{ cpu_threads: 8, ram_mb: 16_000, gpu_sessions: 1 }, null],
    [{ cpu_threads: 9 }, 'has 8 of 9 threads'],
    [{ ram_mb: 16_001 }, 'has 16000 of 16001 MiB memory'],
    [{ gpu_sessions: 2 }, 'has 1 of 2 GPU sessions'],
    [{ vmaf: true }, 'does not measure VMAF: this ffmpeg has no libvmaf'],
  ];
  for (const [fields, reason] of cases) assert.equal(misfit(need(fields), node), reason);
});

test('Without a wish a task books an equal share by slots, and as many as there are slots fit', () => {
  fc.assert(
    fc.property(anyAmounts, (total) => {
      let free = total;
      for (let slot = 0; slot < total.slots; slot += 1) {
        const wanted = booked(need({ encoder: null }), total);
        assert.ok(within(wanted, free), JSON.stringify({ total, free }));
        free = minus(free, wanted);
      }
      assert.ok(!within(booked(need(), total), free), 'the slots are used up');
    }),
  );
});

test('What is booked and given back leaves what was there', () => {
  fc.assert(
    fc.property(anyAmounts, anyAmounts, (a, b) => {
      assert.deepEqual(minus(plus(a, b), b), { ...a });
      assert.equal(
        within(a, b),
        Object.values(minus(b, a)).every((left) => left >= 0),
      );
    }),
  );
});

test('A requirement class is read back from its one text, and different classes have different texts', () => {
  fc.assert(
    fc.property(anyClass, anyClass, (a, b) => {
      assert.equal(canonical(fromCanonical(canonical(a))), canonical(a));
      const { requirement, queue, priority } = fromCanonical(canonical(a));
      assert.deepEqual({ queue, priority }, { queue: a.queue, priority: a.priority });
      assert.deepEqual(requirement, { ...a.requirement, node_selector: { ...a.requirement.node_selector } });
      const same = JSON.stringify(fromCanonical(canonical(a))) === JSON.stringify(fromCanonical(canonical(b)));
      assert.equal(canonical(a) === canonical(b), same);
    }),
  );
});

test('The order of fields and labels makes no other class, and a text of an older master still reads', () => {
  const one = need({ node_selector: { a: '1', b: '2' }, ram_mb: 0 });
  const other: Requirement = { node_selector: { b: '2', a: '1' }, encoder: 'libx264', engine: 'ffmpeg' };
  const place = { queue: 'live', priority: 'low' } as const;
  assert.equal(canonical({ ...place, requirement: one }), canonical({ requirement: other, ...place }));
  const old = fromCanonical('["live","low","ffmpeg","libx264"]');
  assert.equal(canonical(old), canonical({ ...place, requirement: need() }));
  assert.ok(fits(old.requirement, node));
  const text = canonical({ ...place, requirement: { ...one, vmaf: false } });
  assert.equal(text, canonical({ ...place, requirement: one }), 'a class that is stored keeps its text');
  assert.equal(fromCanonical(canonical({ ...place, requirement: { ...one, vmaf: true } })).requirement.vmaf, true);
});

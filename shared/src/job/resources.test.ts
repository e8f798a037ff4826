import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { bucket, isHardwareEncoder, nodeSelectorSchema, poolSchema, resourcesSchema } from './resources.ts';

test('A bucket holds what was asked for and at most a quarter more, and a larger wish has no smaller one', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 64 << 20 }), fc.integer({ min: 0, max: 64 << 20 }), (a, b) => {
      assert.ok(bucket(a) >= a && bucket(a) <= a * 1.25, `${a} -> ${bucket(a)}`);
      assert.ok(a > b || bucket(a) <= bucket(b));
      assert.equal(bucket(bucket(a)), bucket(a));
    }),
  );
});

test('All threads of a usual machine can be asked for; memory falls into few buckets', () => {
  for (const threads of [1, 6, 9, 36, 44, 72, 112, 128]) assert.equal(bucket(threads), threads);
  const gibibytes = new Set(Array.from({ length: 4096 }, (_, index) => bucket(1024 + index * 16)));
  assert.ok(gibibytes.size <= 32, `${gibibytes.size} buckets between 1 and 65 GiB`);
});

test('Negative, broken, absurd and unknown resources are refused', () => {
  const refused = [
    ...[{ cpu_threads: -1 }, { cpu_threads: 0 }, { cpu_threads: 1.5 }, { cpu_threads: 5000 }, { cpu_threads: '4' }],
    ...[{ ram_mb: -5 }, { ram_mb: 1e12 }, { gpu_sessions: -1 }, { gpu_sessions: 300 }, { disk_mb: 0 }],
    ...[{ disk_mb: Number.NaN }, { ram_mb: Number.POSITIVE_INFINITY }, { threads: 4 }],
  ];
  for (const one of refused) assert.ok(!resourcesSchema.safeParse(one).success, JSON.stringify(one));
  assert.ok(resourcesSchema.safeParse({ cpu_threads: 4096, ram_mb: 1, gpu_sessions: 0, disk_mb: 1 }).success);
});

test('A pool is one plain word, a selector at most sixteen labels', () => {
  for (const pool of ['', 'Big', '-a', 'a b', 'x'.repeat(64)]) assert.ok(!poolSchema.safeParse(pool).success, pool);
  const labels = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, index) => [`l${index}`, '']));
  assert.ok(nodeSelectorSchema.safeParse(labels(16)).success);
  assert.ok(!nodeSelectorSchema.safeParse(labels(17)).success);
});

test('An encoder is known by its name as one that takes a GPU session', () => {
  assert.ok(['h264_nvenc', 'hevc_qsv', 'av1_vaapi', 'h264_amf'].every(isHardwareEncoder));
  assert.ok(![null, 'libx264', 'libsvtav1', 'nvenc_like'].some(isHardwareEncoder));
});

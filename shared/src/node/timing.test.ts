import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { DEFAULT_LEASE_MS, MIN_LEASE_MS, timingFor, timingSchema } from './timing.ts';

test('An agent may miss two renewals in a row, jitter included, before it has to stop publishing', () => {
  fc.assert(
    fc.property(fc.integer({ min: MIN_LEASE_MS, max: 3_600_000 }), (leaseMs) => {
      const timing = timingSchema.parse(timingFor(leaseMs));
      const latestThird = 2.9 * timing.heartbeat_ms * 1.2;
      assert.ok(latestThird <= timing.lease_ms - timing.fence_margin_ms + 1);
    }),
  );
});

test('The default lease of 45 s is renewed every 10 s and fenced 10 s before its end', () => {
  assert.deepEqual(timingFor(DEFAULT_LEASE_MS), { lease_ms: 45_000, heartbeat_ms: 10_000, fence_margin_ms: 10_000 });
});

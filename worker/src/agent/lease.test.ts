import assert from 'node:assert/strict';
import { test } from 'node:test';
import { watchLease } from './lease.ts';

const timing = { lease_ms: 45_000, fence_margin_ms: 10_000 };
const never = new AbortController().signal;

function leaseAt(startedMs: number) {
  let nowMs = startedMs;
  const lease = watchLease(timing, () => nowMs, startedMs);
  return {
    lease,
    at(ms: number) {
      nowMs = ms;
    },
  };
}

test('A lease is trusted until the margin before its end, counted from the start of the last good renewal', () => {
  const { lease, at } = leaseAt(1000);
  at(35_999);
  assert.equal(lease.fenced(), false);
  at(36_000);
  assert.equal(lease.fenced(), true);
  lease.renewed(20_000);
  assert.equal(lease.fenced(), false);
  at(55_000);
  assert.equal(lease.fenced(), true);
  assert.equal(lease.silentMs(), 35_000);
});

test('A renewal that arrives late, or that began before another, moves nothing back', () => {
  const { lease, at } = leaseAt(0);
  at(30_000);
  lease.renewed(30_000);
  lease.renewed(10_000);
  assert.equal(lease.silentMs(), 0);
});

test('Who waits for a fenced lease goes on with the renewal that makes it good, and not with one that does not', async () => {
  const { lease, at } = leaseAt(0);
  at(100_000);
  let trusted = false;
  const waiting = lease.trusted(never).then(() => {
    trusted = true;
  });
  lease.renewed(50_000);
  await Promise.resolve();
  assert.equal(trusted, false, 'that renewal is as old as the fence');
  lease.renewed(99_000);
  await waiting;
  assert.equal(trusted, true);
});

test('An attempt that ends does not wait for its lease', async () => {
  const { lease, at } = leaseAt(0);
  at(100_000);
  const controller = new AbortController();
  const waiting = lease.trusted(controller.signal);
  controller.abort('canceled');
  await assert.rejects(waiting, (reason) => reason === 'canceled');
  await assert.rejects(lease.trusted(controller.signal), (reason) => reason === 'canceled');
});

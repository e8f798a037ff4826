import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { firstHold, type HeldJob } from './holds.ts';

const NOW = Date.parse('2026-11-20T18:00:00Z');
const free: HeldJob = { paused: false, notBeforeMs: null, retryDueMs: null };

test('A job that nothing holds may start', () => {
  assert.equal(firstHold(free, NOW), null);
  assert.equal(
    firstHold({ ...free, notBeforeMs: NOW, retryDueMs: NOW }, NOW),
    null,
    'the very moment is not before it',
  );
});

test('Each hold says its reason in a sentence and when it ends by itself', () => {
  assert.deepEqual(firstHold({ ...free, notBeforeMs: NOW + 1 }, NOW), {
    reason: 'not_before',
    message: 'not before 2026-11-20T18:00:00.001Z',
    untilMs: NOW + 1,
  });
  assert.deepEqual(firstHold({ ...free, retryDueMs: NOW + 1 }, NOW), {
    reason: 'retry_delay',
    message: 'the next attempt waits until 2026-11-20T18:00:00.001Z',
    untilMs: NOW + 1,
  });
  assert.deepEqual(firstHold({ ...free, paused: true }, NOW), {
    reason: 'paused',
    message: 'the job is paused: resume it to go on',
    untilMs: null,
  });
});

test('What somebody has to end is named before what ends by itself, and that in the order of the list', () => {
  const time = fc.option(fc.integer({ min: NOW - 5, max: NOW + 5 }), { nil: null });
  fc.assert(
    fc.property(fc.boolean(), time, time, (paused, notBeforeMs, retryDueMs) => {
      const reason = firstHold({ paused, notBeforeMs, retryDueMs }, NOW)?.reason;
      const later = (ms: number | null) => ms !== null && ms > NOW;
      assert.equal(
        reason,
        paused ? 'paused' : later(notBeforeMs) ? 'not_before' : later(retryDueMs) ? 'retry_delay' : undefined,
      );
    }),
  );
});

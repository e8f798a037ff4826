import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { firstHold, type HeldJob, noHolds } from './holds.ts';

const NOW = Date.parse('2026-11-20T18:00:00Z');
const free: HeldJob = { ...noHolds, queue: 'batch' };

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
  assert.deepEqual(firstHold({ ...free, queuePaused: true }, NOW), {
    reason: 'queue_paused',
    message: 'the queue batch is paused: resume it to go on',
    untilMs: null,
  });
  assert.deepEqual(firstHold({ ...free, queueCap: { running: 3, maxRunning: 2 } }, NOW), {
    reason: 'queue_full',
    message: 'the queue batch runs 3 attempts and may run 2',
    untilMs: null,
  });
});

test('A queue holds at its cap and not one attempt below it; a cap of nothing holds always', () => {
  const reason = (running: number, maxRunning: number) =>
    firstHold({ ...free, queueCap: { running, maxRunning } }, NOW)?.reason;
  assert.deepEqual([reason(1, 2), reason(2, 2), reason(0, 0)], [undefined, 'queue_full', 'queue_full']);
});

test('What holds is named in the order of the list, the job’s own before those of its queue', () => {
  const time = fc.option(fc.integer({ min: NOW - 5, max: NOW + 5 }), { nil: null });
  const anyJob = fc.record({
    paused: fc.boolean(),
    notBeforeMs: time,
    retryDueMs: time,
    queue: fc.constant('live'),
    queuePaused: fc.boolean(),
    queueCap: fc.option(fc.record({ running: fc.nat(3), maxRunning: fc.nat(3) }), { nil: null }),
  });
  fc.assert(
    fc.property(anyJob, (job) => {
      const later = (ms: number | null) => ms !== null && ms > NOW;
      const holding: [boolean, string][] = [
        [job.paused, 'paused'],
        [later(job.notBeforeMs), 'not_before'],
        [later(job.retryDueMs), 'retry_delay'],
        [job.queuePaused, 'queue_paused'],
        [job.queueCap !== null && job.queueCap.running >= job.queueCap.maxRunning, 'queue_full'],
      ];
      const [, first] = holding.find(([holds]) => holds) ?? [];
      assert.equal(firstHold(job, NOW)?.reason, first);
    }),
  );
});

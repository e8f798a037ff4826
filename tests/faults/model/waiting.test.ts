import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { arraySubject } from './arrays-subject.ts';
import { MIN_MS, NODES, RESERVE_MS, START_MS, type Submission } from './steps.ts';
import type { Subject } from './subject.ts';

const job = (threads: number): Submission => ({
  tenant: 0,
  queue: 'default',
  priority: 'medium',
  wish: { encoder: 'libx264', threads, ramMb: 0, gpu: 0, diskMb: 0, pool: 'default', label: null },
  quality: false,
  notBeforeMs: null,
  maxRetries: 0,
});
/** A node with 8 threads and 2 slots, and one with 16 and 4. */
const all = Array.from({ length: NODES }, (_, index) => index);
const STEP_MS = 30_000;

/** Small tasks arrive faster than they run; returns when the large one started, or undefined. */
async function startOfLarge(subject: Subject, clock: { nowMs: number }, runsMs: readonly number[], endMs: number) {
  const ends = new Map<string, number>();
  for (let n = 0; n < 6; n += 1) await subject.submit(job(4));
  const fill = async () => {
    for (const node of all)
      for (const key of (await subject.claim([{ node, slots: 4 }]))[0] ?? [])
        ends.set(key, clock.nowMs + (runsMs[ends.size % runsMs.length] ?? STEP_MS));
  };
  await fill();
  await subject.submit(job(16));
  while (clock.nowMs < endMs) {
    for (let n = 0; n < 3; n += 1) await subject.submit(job(4));
    clock.nowMs += STEP_MS;
    await subject.heard(all);
    await subject.sweep();
    for (const [key, at] of ends)
      if (at <= clock.nowMs) {
        ends.delete(key);
        await subject.finish(key);
        await fill();
      }
    await fill();
    if ((await subject.look()).tasks.get('7.0')?.state === 'active') return clock.nowMs;
  }
  return undefined;
}

test('A task for a whole node starts, though small work keeps arriving: after its wait and the longest that still ran', async () => {
  const anyRuns = fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 6 });
  let waited = 0;
  await fc.assert(
    fc.asyncProperty(anyRuns, async (steps) => {
      const clock = { nowMs: START_MS };
      const subject = arraySubject(clock, 'strict');
      const runsMs = steps.map((step) => step * STEP_MS);
      const boundMs = RESERVE_MS + 2 * Math.max(...runsMs) + 2 * STEP_MS;
      const started = await startOfLarge(subject, clock, runsMs, START_MS + boundMs);
      assert.ok(started !== undefined, `not started ${boundMs / MIN_MS} min after it came`);
      waited += Number(started - START_MS >= RESERVE_MS);
    }),
    { numRuns: 60 },
  );
  assert.ok(waited > 20, `only in ${waited} of 60 the gap had to be made for it`);
});

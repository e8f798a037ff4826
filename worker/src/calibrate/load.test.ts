import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startLoad } from './load.ts';

/** CPU seconds of this process, all threads, after at least `wallMs` more of time. */
async function busyAfter(wallMs: number): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>();
  const before = process.cpuUsage();
  setTimeout(() => {
    const { user, system } = process.cpuUsage(before);
    resolve((user + system) / 1e6);
  }, wallMs);
  return promise;
}

test('the load computes when told to, rests when told to, and goes', async () => {
  const load = startLoad(1);
  load.set(1);
  const full = await busyAfter(600);
  load.set(0);
  await busyAfter(300);
  const rest = await busyAfter(600);
  await load.stop();
  assert.ok(full > 0.15, `${full} s of CPU time in 0.6 s`);
  assert.ok(rest < full / 2, `${rest} s at rest after ${full} s`);
});

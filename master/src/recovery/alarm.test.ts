import assert from 'node:assert/strict';
import { mock, type TestContext, test } from 'node:test';
import { systemClock, systemTimers } from '@ffrtmp/runtime/clock';
import { startAlarm } from './alarm.ts';

/** Lets everything that is already settled run, without time passing. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}

/** An alarm over a due time that the test sets, under a clock that the test moves. */
function start(t: TestContext, options: { fails?: () => boolean; ringFails?: () => boolean } = {}) {
  let nowMs = 0;
  let dueAtMs: number | undefined;
  let looks = 0;
  let rings = 0;
  const faults: unknown[] = [];
  mock.timers.enable({ apis: ['setTimeout'] });
  const clock = mock.method(performance, 'now', () => nowMs);
  const alarm = startAlarm({
    async nextDueMs() {
      looks += 1;
      if (options.fails?.()) throw new Error('the store is away');
      return dueAtMs === undefined ? undefined : Math.max(0, dueAtMs - nowMs);
    },
    async ring() {
      rings += 1;
      if (options.ringFails?.()) throw new Error('the disk is full');
      if (dueAtMs !== undefined && dueAtMs <= nowMs) dueAtMs = undefined;
    },
    clock: systemClock,
    timers: systemTimers,
    log: { error: (fault: unknown) => void faults.push(fault) },
  });
  t.after(() => {
    alarm.stop();
    clock.mock.restore();
    mock.timers.reset();
  });
  return {
    alarm,
    counts: () => ({ looks, rings, faults: faults.length }),
    due: (atMs: number | undefined) => (dueAtMs = atMs),
    async advance(ms: number) {
      await turns();
      for (let passed = 0; passed < ms; passed += 1) {
        nowMs += 1;
        mock.timers.tick(1);
        await turns();
      }
    },
  };
}

test('It rings when the earliest thing is due, and then looks for the next', async (t) => {
  const { alarm, advance, counts, due } = start(t);
  due(100);
  alarm.poke();
  await advance(99);
  assert.equal(counts().rings, 0);
  await advance(1);
  assert.equal(counts().rings, 1);
  await advance(1000);
  assert.equal(counts().rings, 1, 'nothing more is due');
});

test('An earlier due time moves the ring forward; a later one does not even look', async (t) => {
  const { alarm, advance, counts, due } = start(t);
  due(100);
  alarm.poke();
  await turns();
  const { looks } = counts();
  alarm.poke(500);
  await turns();
  assert.equal(counts().looks, looks);
  due(20);
  alarm.poke(20);
  await advance(20);
  assert.equal(counts().rings, 1);
});

test('Many pokes at once are one look, and those during a look one more', async (t) => {
  const { alarm, counts } = start(t);
  for (let poke = 0; poke < 50; poke += 1) alarm.poke();
  await turns();
  assert.ok(counts().looks <= 2, `${counts().looks} looks`);
});

test('Something far away is looked at again within a minute, for clocks that jump', async (t) => {
  const { alarm, counts, due } = start(t);
  due(10_000_000);
  alarm.poke();
  await turns();
  mock.timers.tick(60_000);
  await turns();
  assert.equal(counts().rings, 1);
});

test('A look that fails is told and does not end the alarm', async (t) => {
  let away = true;
  const { alarm, advance, counts, due } = start(t, { fails: () => away });
  due(10);
  alarm.poke();
  await turns();
  assert.deepEqual([counts().faults, counts().rings], [1, 0]);
  away = false;
  alarm.poke();
  await advance(10);
  assert.equal(counts().rings, 1);
});

test('A sweep that fails is told and tried again after a second, not in a circle', async (t) => {
  let full = true;
  const one = start(t, { ringFails: () => full });
  one.due(10);
  one.alarm.poke();
  await one.advance(10);
  assert.deepEqual([one.counts().rings, one.counts().faults], [1, 1]);
  await one.advance(900);
  assert.equal(one.counts().rings, 1);
  full = false;
  await one.advance(200);
  assert.deepEqual([one.counts().rings, one.counts().faults], [2, 1]);
});

test('A stopped alarm never rings', async (t) => {
  const { alarm, advance, counts, due } = start(t);
  due(10);
  alarm.poke();
  await turns();
  alarm.stop();
  alarm.poke();
  await advance(50);
  assert.equal(counts().rings, 0);
});

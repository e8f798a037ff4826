import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { days, minuteOf, spansOf, WEEK_MIN, type Window, weekProblems } from './week.ts';
import { meanPrice, weekClock } from './week-clock.ts';

const window = (fields: Partial<Window>): Window => ({ days, from: 0, to: 1440, price: 0.3, ...fields });
const problems = (needsAll: boolean, ...windows: Window[]) => weekProblems(spansOf(windows), needsAll);

test('A time is hours and minutes, and 24:00 the end of a day', () => {
  assert.deepEqual(['00:00', '6:30', '24:00'].map(minuteOf), [0, 390, 1440]);
  for (const text of ['24:01', '12:60', '12', '12:5', '-1:00', 'noon', ''])
    assert.equal(minuteOf(text), undefined, text);
});

test('A hole is named by day and time, and none is left out', () => {
  const night = window({ from: 22 * 60, to: 6 * 60 });
  const workday = window({ days: ['mon', 'tue', 'wed', 'thu', 'fri'], from: 6 * 60, to: 22 * 60 });
  assert.deepEqual(problems(true, night, workday), [
    'there is no price for sat 06:00 to 22:00',
    'there is no price for sun 06:00 to 22:00',
  ]);
  assert.deepEqual(problems(false, night, workday), []);
  assert.deepEqual(problems(true, window({ days: ['mon'] })), ['there is no price for tue 00:00 to sun 24:00']);
  assert.deepEqual(problems(true, window({})), []);
});

test('Two prices for one minute are named with their windows, over midnight and over the end of the week too', () => {
  const sunday = window({ days: ['sun'], from: 23 * 60, to: 60 });
  const monday = window({ days: ['mon'], from: 0, to: 30 });
  assert.deepEqual(problems(false, sunday, monday), ['windows 1 and 2 overlap: mon 00:00 to 00:30']);
  const long = window({ days: ['tue'], from: 0, to: 1440 });
  assert.deepEqual(problems(false, long, window({ days: ['tue'], from: 600, to: 660 })), [
    'windows 1 and 2 overlap: tue 10:00 to 11:00',
  ]);
});

const anyWindow = fc
  .record({
    days: fc.subarray([...days], { minLength: 1 }),
    from: fc.integer({ min: 0, max: 1439 }),
    to: fc.integer({ min: 0, max: 1440 }),
    price: fc.double({ min: 0, max: 1, noNaN: true }),
  })
  .filter(({ from, to }) => from !== to);

test('A week without problems has exactly one price for every minute, and no other week is let through', () => {
  fc.assert(
    fc.property(fc.array(anyWindow, { maxLength: 4 }), (windows) => {
      const spans = spansOf(windows);
      const counts = new Uint8Array(WEEK_MIN);
      for (const { from, to } of spans)
        for (let minute = from; minute < to; minute += 1) counts[minute] = (counts[minute] ?? 0) + 1;
      assert.equal(
        weekProblems(spans, true).length === 0,
        counts.every((count) => count === 1),
      );
      assert.equal(
        weekProblems(spans, false).length === 0,
        counts.every((count) => count <= 1),
      );
    }),
  );
});

const HOUR = 3_600_000;
const berlin = weekClock('Europe/Berlin');
const night = spansOf([window({ from: 22 * 60, to: 6 * 60, price: 0.2 })]);
const mean = (from: string, hours: number) =>
  meanPrice(night, 0.3, berlin, { from: Date.parse(from), to: Date.parse(from) + hours * HOUR }).value;
const near = (found: number, expected: number) =>
  assert.ok(Math.abs(found - expected) < 1e-12, `${found}, not ${expected}`);

test('A price is the mean over the time, on the clocks of the place', () => {
  near(mean('2026-11-20T20:00:00Z', 1), 0.3); // 21:00 in Berlin
  near(mean('2026-11-20T21:00:00Z', 1), 0.2);
  near(mean('2026-11-20T20:30:00Z', 1), 0.25);
  near(mean('2026-11-20T20:00:00Z', 4), (0.3 + 3 * 0.2) / 4);
  near(mean('2026-11-16T00:00:00Z', 24 * 7), (16 * 0.3 + 8 * 0.2) / 24);
});

test('The night of the change to summer time is an hour shorter, that of the change back an hour longer', () => {
  // Both nights: from 21:00 of Saturday to 07:00 of Sunday, on the clocks of Berlin.
  near(mean('2026-03-28T20:00:00Z', 9), (2 * 0.3 + 7 * 0.2) / 9);
  near(mean('2026-10-24T19:00:00Z', 11), (2 * 0.3 + 9 * 0.2) / 11);
});

test('Zones of half and quarter hours are right too, and a moment has the price of its moment', () => {
  const kathmandu = weekClock('Asia/Kathmandu');
  const at = Date.parse('2026-11-20T16:15:00Z'); // 22:00 in Kathmandu
  near(meanPrice(night, 0.3, kathmandu, { from: at, to: at }).value, 0.2);
  near(meanPrice(night, 0.3, kathmandu, { from: at - 1, to: at - 1 }).value, 0.3);
});

test('The mean lies between the prices and does not depend on where the time is cut', () => {
  const start = Date.parse('2026-03-27T00:00:00Z');
  const time = fc.integer({ min: 0, max: 5 * 24 * HOUR });
  fc.assert(
    fc.property(fc.tuple(time, time, time), (times) => {
      const [a = 0, b = 0, c = 0] = times.toSorted((x, y) => x - y).map((one) => start + one);
      fc.pre(a < b && b < c);
      const over = (from: number, to: number) => meanPrice(night, 0.3, berlin, { from, to }).value;
      near(over(a, c), (over(a, b) * (b - a) + over(b, c) * (c - b)) / (c - a));
      assert.ok(over(a, c) >= 0.2 - 1e-12 && over(a, c) <= 0.3 + 1e-12);
    }),
  );
});

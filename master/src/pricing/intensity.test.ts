import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { FRESH_MS, meanIntensity, type Sample } from './intensity.ts';

const fallback = { gPerKwh: 400, text: '400 g/kWh, a table of 2024' };
const MIN = 60_000;
const sample = (minute: number, gPerKwh: number): Sample => ({ at: minute * MIN, gPerKwh, label: 'average, zone DE' });
const mean = (samples: Sample[], from: number, to: number) =>
  meanIntensity(samples, fallback, { from: from * MIN, to: to * MIN });

test('A value of the grid stands until the next one', () => {
  const samples = [sample(0, 100), sample(15, 200), sample(30, 300)];
  assert.equal(mean(samples, 0, 30).gPerKwh, 150);
  assert.equal(mean(samples, 10, 20).gPerKwh, 150);
  assert.equal(mean(samples, 31, 32).gPerKwh, 300);
  assert.equal(mean(samples, 16, 16).gPerKwh, 200, 'a moment has a value too');
  assert.equal(mean(samples, 0, 30).text, '150 g/kWh, mean of 2 values, average, zone DE');
  assert.equal(mean(samples, 16, 20).text, '200 g/kWh, average, zone DE');
});

test('A stale value is none: the table stands in, and it is said for how much of the time', () => {
  const stale = FRESH_MS / MIN;
  const after = mean([sample(0, 100)], stale, stale + 10);
  assert.deepEqual([after.gPerKwh, after.text], [400, 'no live value; 400 g/kWh, a table of 2024']);
  const half = mean([sample(0, 100)], 0, 2 * stale);
  assert.equal(half.gPerKwh, 250);
  assert.equal(
    half.text,
    '100 g/kWh, average, zone DE; for 50 % of the time no live value: 400 g/kWh, a table of 2024',
  );
  assert.equal(mean([], 0, 1).gPerKwh, 400);
  assert.equal(mean([sample(60, 100)], 0, 30).gPerKwh, 400, 'what came later says nothing of before');
});

test('A mean lies between the values and does not depend on where the time is cut', () => {
  const samples = fc
    .array(fc.tuple(fc.nat(600), fc.integer({ min: 0, max: 900 })), { maxLength: 12 })
    .map((list) => [...new Map(list)].sort(([a], [b]) => a - b).map(([minute, g]) => sample(minute, g)));
  const minute = fc.integer({ min: 0, max: 700 });
  fc.assert(
    fc.property(samples, fc.tuple(minute, minute, minute), (list, times) => {
      const [a = 0, b = 0, c = 0] = times.toSorted((x, y) => x - y);
      fc.pre(a < b && b < c);
      const parts = (mean(list, a, b).gPerKwh * (b - a) + mean(list, b, c).gPerKwh * (c - b)) / (c - a);
      const whole = mean(list, a, c).gPerKwh;
      assert.ok(Math.abs(whole - parts) <= 1e-9 * Math.max(1, parts), `${whole}, not ${parts}`);
    }),
  );
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type BreakEven, breakEvenViews, deliveries } from './views.ts';

const slow = { joules: 600e3, bitsPerSecond: 4e6 };
const fast = { joules: 100e3, bitsPerSecond: 5e6 };
const hour = { slow, fast, seconds: 3600 };
const network = { kwhPerGb: 0.059, source: 'the network' };
const viewsOf = (found: BreakEven) => {
  assert.ok(found.views !== null, found.views === null ? found.reason : '');
  return found.views;
};
const reasonOf = (found: BreakEven) => (found.views === null ? found.reason : `${found.views} views`);

test('500 kJ more for 1 Mbit/s less, over an hour at 0.059 kWh/GB: 0.45 GB a view, and paid after 5.23 views', () => {
  const found = breakEvenViews(hour, network);
  assert.ok(found.views !== null);
  assert.equal(found.savedGb, 0.45);
  assert.equal(found.views.toFixed(2), '5.23');
  assert.equal((0.059 * 3.6e6).toFixed(0), '212400', 'joules a gigabyte');
});

test('What is published about delivery differs sixtyfold, and so do the views', () => {
  const views = deliveries.map((delivery) => viewsOf(breakEvenViews(hour, delivery)));
  assert.deepEqual(
    views.map((one) => one.toFixed(1)),
    ['308.6', '7.5', '5.2'],
  );
});

test('An encode that also takes less energy is paid from the start; one that spares nothing never is', () => {
  assert.equal(viewsOf(breakEvenViews({ ...hour, slow: { ...slow, joules: 1 } }, network)), 0);
  const bigger = { ...slow, bitsPerSecond: 6e6 };
  for (const pair of [
    { ...hour, slow: bigger },
    { ...hour, slow: fast },
    { ...hour, seconds: 0 },
  ])
    assert.equal(reasonOf(breakEvenViews(pair, network)), 'the slow encode spares no bits');
  assert.match(reasonOf(breakEvenViews(hour, { kwhPerGb: 0, source: '' })), /cost nothing to deliver/);
});

test('At the break-even both have cost the same: encode and views together', () => {
  const joules = fc.double({ min: 1, max: 1e9, noNaN: true });
  const rate = fc.double({ min: 1e4, max: 1e8, noNaN: true });
  fc.assert(
    fc.property(joules, joules, rate, rate, fc.integer({ min: 1, max: 20_000 }), (a, b, r, s, seconds) => {
      fc.pre(Math.abs(r - s) > 1);
      const [more, less] = [Math.max(a, b), Math.min(a, b)];
      const pair = {
        slow: { joules: more, bitsPerSecond: Math.min(r, s) },
        fast: { joules: less, bitsPerSecond: Math.max(r, s) },
      };
      const views = viewsOf(breakEvenViews({ ...pair, seconds }, network));
      const total = ({ joules: encode, bitsPerSecond }: typeof slow) =>
        encode + views * ((bitsPerSecond * seconds) / 8e9) * network.kwhPerGb * 3.6e6;
      const [one, other] = [total(pair.slow), total(pair.fast)];
      assert.ok(Math.abs(one - other) <= 1e-9 * one, `${one} and ${other}`);
    }),
  );
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { delta, zoneEnergy } from './rapl-delta.ts';

const CLIENT_MAX = 262_143_328_850;
const SERVER_DRAM_MAX = 65_712_999_613;
/** Ranges seen on real machines: 61.035 uJ, 15.3 uJ and 15.258 uJ a step. */
const ranges = [CLIENT_MAX, SERVER_DRAM_MAX, 65_532_610_987];

test('the verification cases of research/energy.md section 9', () => {
  assert.equal(delta(262_143_000_000, 1_000_000, CLIENT_MAX), 1_328_911);
  assert.equal(delta(CLIENT_MAX, 0, CLIENT_MAX), 61);
  assert.equal(delta(65_712_000_000, 500_000, SERVER_DRAM_MAX), 1_499_628);
  assert.equal(delta(5, 5, CLIENT_MAX), 0);
  assert.equal(delta(900, 100, 1000) + delta(800, 850, 1000), 250);
});

test('a reset is a gap and not 142 kW', () => {
  assert.deepEqual(zoneEnergy(120e9, 5e6, 1, { maxUj: CLIENT_MAX, capW: 500 }), { gap: 'implausible' });
});

test('a pause in which the counter may have wrapped twice is ambiguous', () => {
  assert.deepEqual(zoneEnergy(0, 1, 3000, { maxUj: CLIENT_MAX, capW: 100 }), { gap: 'ambiguous-wrap' });
  assert.deepEqual(zoneEnergy(0, 1e9, 60, { maxUj: SERVER_DRAM_MAX, capW: 500 }), { uj: 1e9 });
});

test('a counter above its own range and time that runs backwards are gaps', () => {
  const zone = { maxUj: CLIENT_MAX, capW: 500 };
  assert.deepEqual(zoneEnergy(0, CLIENT_MAX + 1e6, 1000, { ...zone, capW: 100 }), { gap: 'implausible' });
  assert.deepEqual(zoneEnergy(5, 6, -1, zone), { gap: 'implausible' });
});

test('against a simulated 32-bit counter every delta is right to one step, wraps included', () => {
  const pair = fc.record({
    maxUj: fc.constantFrom(...ranges),
    start: fc.nat(4_294_967_295),
    steps: fc.integer({ min: 0, max: 4_294_967_295 }),
  });
  fc.assert(
    fc.property(pair, ({ maxUj, start, steps }) => {
      const unit = maxUj / 4_294_967_295;
      const shown = (count: number) => Math.floor((count % 4_294_967_296) * unit);
      const measured = delta(shown(start), shown(start + steps), maxUj);
      assert.ok(Math.abs(measured - steps * unit) <= Math.max(1, unit), `${measured} instead of ${steps * unit}`);
    }),
    { numRuns: 2000 },
  );
});

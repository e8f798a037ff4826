import assert from 'node:assert/strict';
import { test } from 'node:test';
import { figureSchema } from '@ffrtmp/shared/energy/figure';
import fc from 'fast-check';
import { addInterval, emptyShare, type Interval, sensorFigures } from './attribute.ts';

const sensor = { method: 'rapl', scope: ['cpu' as const], detail: 'RAPL package-0' };
const interval = (
  energyJ: number | null,
  busyS: number | null,
  cpuS: Record<string, number>,
  seconds = 1,
): Interval => ({
  ...{ seconds, energyUj: energyJ === null ? null : energyJ * 1e6, busyS },
  cpuS: new Map(Object.entries(cpuS)),
});
const energyOf = (id: string, intervals: Interval[]) => {
  const figures = sensorFigures(
    intervals.reduce((share, each) => addInterval(share, id, each), emptyShare()),
    sensor,
  );
  for (const figure of figures) figureSchema.parse(figure);
  return figures[1];
};

test('an attempt alone on a quiet machine gets the whole energy, measured', () => {
  const figure = energyOf('a', [interval(10, 4.1, { a: 4 }), interval(20, 4, { a: 4 })]);
  assert.deepEqual([figure?.value, figure?.quality, figure?.low, figure?.high], [30, 'measured', 30, 30]);
});

test('with foreign load it stays the whole, attributed between its CPU share and everything', () => {
  const figure = energyOf('a', [interval(100, 10, { a: 6 })]);
  assert.deepEqual([figure?.value, figure?.quality, figure?.low, figure?.high], [100, 'attributed', 60, 100]);
  assert.match(figure?.source ?? '', /other processes used 40 % of the CPU time/);
});

test('attempts share by CPU time of each interval, so bursts are billed to who caused them', () => {
  const intervals = [interval(100, 4, { a: 3, b: 1 }), interval(10, 2, { a: 0, b: 2 })];
  assert.deepEqual([energyOf('a', intervals)?.value, energyOf('b', intervals)?.value], [75, 35]);
  assert.equal(energyOf('a', intervals)?.quality, 'attributed');
});

test('a gap lowers the coverage and adds nothing', () => {
  const figure = energyOf('a', [interval(10, 1, { a: 1 }), interval(null, 1, { a: 1 }, 3)]);
  assert.deepEqual([figure?.value, figure?.coverage], [10, 0.25]);
});

test('active energy has no value until the idle draw of the node is measured', () => {
  const [active] = sensorFigures(addInterval(emptyShare(), 'a', interval(1, 1, { a: 1 })), sensor);
  assert.deepEqual([active?.name, active?.value, active?.quality], ['energy_active', null, 'none']);
  assert.equal(active?.source, 'no measured idle draw of this node');
});

test('the shares of all attempts add up to the energy of the sensor, whatever they used', () => {
  const cpu = fc.record({ a: fc.nat(100), b: fc.nat(100), c: fc.nat(100) });
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(1000), cpu), { minLength: 1 }), (rows) => {
      const intervals = rows.map(([energy, used]) => interval(energy, 301, used));
      const sum = ['a', 'b', 'c'].reduce((total, id) => total + (energyOf(id, intervals)?.value ?? 0), 0);
      const whole = rows.reduce((total, [energy]) => total + energy, 0);
      assert.ok(Math.abs(sum - whole) <= 1e-9 * Math.max(1, whole), `${sum} of ${whole}`);
    }),
  );
});

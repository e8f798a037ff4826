import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Counted, countFigures, sumCounted, totalsOf } from './counted.ts';
import { type Figure, qualities, type Scope, weakest } from './figure.ts';

const names = [
  'energy_active',
  'energy_full',
  'cost_energy',
  'cost_node',
  'carbon_operational',
  'carbon_embodied',
] as const;
const unitOf = (name: string) => (name.startsWith('energy') ? 'J' : name.startsWith('cost') ? 'EUR' : 'gCO2e');
const value = fc.double({ min: 0, max: 1e9, noNaN: true });

const anyFigure: fc.Arbitrary<Figure> = fc
  .record({
    name: fc.constantFrom(...names),
    quality: fc.constantFrom(...qualities),
    scope: fc.constantFrom<Scope[]>(['cpu'], ['cpu', 'dram'], ['wall']),
    coverage: fc.double({ min: 0, max: 1, noNaN: true }),
    value,
    unbounded: fc.boolean(),
  })
  .map(({ value, unbounded, ...rest }) => {
    const known = rest.quality === 'none' ? null : value;
    const high = unbounded ? null : known;
    return { ...rest, value: known, low: known, high, unit: unitOf(rest.name), method: 'm', source: 's' };
  });
/** One figure a name at most, as an attempt has. */
const anyAttempt = fc.record({
  figures: fc.uniqueArray(anyFigure, { selector: ({ name }) => name, maxLength: 6 }),
  seconds: fc.double({ min: 0.001, max: 1e5, noNaN: true }),
});
const attempts = fc.array(anyAttempt, { maxLength: 8 });

const near = (found: number, expected: number, what: string) =>
  assert.ok(Math.abs(found - expected) <= 1e-9 * Math.max(1, Math.abs(expected)), `${what}: ${found}, not ${expected}`);

test('Totals are the sum of their attempts, each name by itself, with the weakest label', () => {
  fc.assert(
    fc.property(attempts, (all) => {
      const whole = { attempts: all.length, seconds: all.reduce((sum, { seconds }) => sum + seconds, 0) };
      const totals = totalsOf(
        all.flatMap(({ figures, seconds }) => countFigures(figures, seconds)),
        whole,
      );
      for (const name of names) {
        const known = all.flatMap(({ figures }) => figures.filter((one) => one.name === name && one.value !== null));
        const total = totals.find((one) => one.name === name);
        assert.equal(total === undefined, known.length === 0, name);
        if (!total) continue;
        near(
          total.value ?? Number.NaN,
          known.reduce((sum, one) => sum + (one.value ?? 0), 0),
          name,
        );
        assert.equal(total.quality, known.map(({ quality }) => quality).reduce(weakest), name);
        assert.ok(total.coverage >= 0 && total.coverage <= 1);
      }
    }),
  );
});

test('What is missing takes away the upper bound, lowers the coverage and is said', () => {
  const figure: Figure = {
    ...{ name: 'energy_full', value: 10, unit: 'J', scope: ['cpu'], method: 'rapl', quality: 'measured' },
    ...{ coverage: 1, low: 9, high: 11, source: 'a sensor' },
  };
  const parts = countFigures([figure], 30);
  assert.deepEqual(totalsOf(parts, { attempts: 1, seconds: 30 }), [figure]);
  const [total] = totalsOf(parts, { attempts: 3, seconds: 120 });
  assert.deepEqual([total?.value, total?.low, total?.high, total?.coverage], [10, 9, null, 0.25]);
  assert.match(total?.source ?? '', /^2 of 3 attempts without a figure; a sensor/);
});

test('Money and carbon add up their parts; half of a sum is none', () => {
  const part = (name: Figure['name'], value: number): Figure => ({
    ...{ name, value, unit: unitOf(name), scope: [], method: 'm', quality: 'measured' },
    ...{ coverage: 1, low: value, high: value, source: name },
  });
  const of = (...figures: Figure[]) =>
    totalsOf(countFigures(figures, 1), { attempts: 1, seconds: 1 }).map(({ name, value }) => [name, value]);
  const [energy, node] = [part('cost_energy', 2), part('cost_node', 3)];
  assert.deepEqual(of(energy, node).at(-1), ['cost', 5]);
  assert.deepEqual(of(energy).at(-1), ['cost', 2], 'no rate of node hours is set');
  assert.deepEqual(of(node), [['cost_node', 3]], 'the energy is unknown');
  assert.deepEqual(of(part('carbon_operational', 1), part('carbon_embodied', 4)).at(-1), ['carbon', 5]);
  assert.deepEqual(of(part('carbon_embodied', 4)), [['carbon_embodied', 4]]);
});

test('Two currencies never add up', () => {
  const cost = (unit: string): Figure => ({
    ...{ name: 'cost_energy', value: 1, unit, scope: ['cpu'], method: 'tariff', quality: 'measured' },
    ...{ coverage: 1, low: 1, high: 1, source: unit },
  });
  const parts = [...countFigures([cost('EUR')], 1), ...countFigures([cost('USD')], 1)];
  const totals = totalsOf(parts, { attempts: 2, seconds: 2 }).map(({ name, unit, value }) => [name, unit, value]);
  assert.deepEqual(totals, [
    ['cost_energy', 'EUR', 1],
    ['cost_energy', 'USD', 1],
    ['cost', 'EUR', 1],
    ['cost', 'USD', 1],
  ]);
});

test('Summing in steps comes to the same as summing at once', () => {
  fc.assert(
    fc.property(attempts, fc.nat(8), (all, cut) => {
      const parts = all.flatMap(({ figures, seconds }) => countFigures(figures, seconds));
      const inSteps = sumCounted([...sumCounted(parts.slice(0, cut)), ...sumCounted(parts.slice(cut))]);
      const atOnce = sumCounted(parts);
      const named = (list: readonly Counted[]) =>
        new Map(list.map((one) => [JSON.stringify([one.figure.name, one.figure.quality, one.figure.scope]), one]));
      const [a, b] = [named(inSteps), named(atOnce)];
      assert.deepEqual([...a.keys()].sort(), [...b.keys()].sort());
      for (const [key, one] of a) {
        const other = b.get(key);
        near(one.figure.value, other?.figure.value ?? Number.NaN, key);
        near(one.figure.coverage, other?.figure.coverage ?? Number.NaN, key);
        assert.equal(one.attempts, other?.attempts);
      }
    }),
  );
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Figure, qualities, scopeSchema, sumFigures, weakest } from './figure.ts';

const joules = fc.integer({ min: 0, max: 1_000_000 });
const anyFigure: fc.Arbitrary<Figure> = fc
  .record({
    name: fc.constantFrom('energy_active' as const, 'energy_full' as const),
    quality: fc.constantFrom(...qualities),
    scope: fc.subarray([...scopeSchema.options], { minLength: 1, maxLength: 2 }),
    coverage: fc.double({ min: 0, max: 1, noNaN: true }),
    value: joules,
    below: joules,
    above: joules,
    method: fc.constantFrom('rapl', 'spec-thread-median'),
  })
  .map(({ value, below, above, quality, ...rest }) => {
    const none = quality === 'none';
    const low = none ? null : value - below;
    const high = none ? null : value + above;
    return { ...rest, quality, unit: 'J', value: none ? null : value, low, high, source: rest.method };
  });
const anyFigures = fc.array(anyFigure, { maxLength: 12 });

const total = (figures: readonly Figure[], key: 'value' | 'low' | 'high') =>
  figures.reduce((sum, figure) => sum + (figure[key] ?? 0), 0);
const kindOf = (figure: Figure) => [figure.name, figure.quality, [...figure.scope].sort().join()].join('/');

test('A sum keeps one figure a name, scope and quality and mixes none of them', () => {
  fc.assert(
    fc.property(anyFigures, (figures) => {
      const sums = sumFigures(figures);
      assert.equal(new Set(sums.map(kindOf)).size, sums.length);
      assert.deepEqual(new Set(sums.map(kindOf)), new Set(figures.map(kindOf)));
    }),
  );
});

test('Nothing is lost or invented: values and bounds of each kind add up', () => {
  fc.assert(
    fc.property(anyFigures, (figures) => {
      for (const sum of sumFigures(figures)) {
        const same = figures.filter((figure) => kindOf(figure) === kindOf(sum));
        for (const key of ['value', 'low', 'high'] as const) assert.equal(sum[key] ?? 0, total(same, key));
      }
    }),
  );
});

test('A figure without a value stays without one: a missing sensor is never a 0', () => {
  fc.assert(
    fc.property(anyFigures, (figures) => {
      for (const sum of sumFigures(figures)) assert.equal(sum.value === null, sum.quality === 'none');
    }),
  );
});

test('Coverage stays between that of the best and the worst part', () => {
  fc.assert(
    fc.property(anyFigures, (figures) => {
      for (const sum of sumFigures(figures)) {
        const parts = figures.filter((figure) => kindOf(figure) === kindOf(sum)).map((figure) => figure.coverage);
        assert.ok(sum.coverage >= Math.min(...parts) - 1e-9 && sum.coverage <= Math.max(...parts) + 1e-9);
      }
    }),
  );
});

test('Summing changes none of its arguments', () => {
  fc.assert(
    fc.property(anyFigures, (figures) => {
      const before = structuredClone(figures);
      for (const sum of sumFigures(figures)) sum.scope.push('wall');
      assert.deepEqual(figures, before);
    }),
  );
});

test('The weaker of two labels is the later one of the list', () => {
  fc.assert(
    fc.property(fc.constantFrom(...qualities), fc.constantFrom(...qualities), (a, b) => {
      assert.equal(weakest(a, b), weakest(b, a));
      assert.equal(weakest(a, 'none'), 'none');
      assert.equal(weakest(a, 'measured'), a);
    }),
  );
});

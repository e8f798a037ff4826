import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Figure } from './figure.ts';
import { addUp, coverOf, totalEnergy } from './total.ts';

const figure = (value: number | null, change: Partial<Figure> = {}): Figure => ({
  ...{ name: 'energy_full', value, unit: 'J', scope: ['cpu', 'dram'], method: 'rapl' },
  quality: value === null ? 'none' : 'attributed',
  ...{ coverage: 1, low: value, high: value, source: 'a sensor' },
  ...change,
});
const wall = figure(200, { scope: ['wall'], method: 'meter' });
const psys = figure(120, { scope: ['platform'], method: 'rapl-psys' });
const board = figure(150, { scope: ['platform'], method: 'hwmon' });
const packages = figure(80);
const gpu = figure(60, { scope: ['gpu'], method: 'nvml' });
const total = (...figures: Figure[]) => totalEnergy(figures, 'energy_full')?.value ?? null;

test('The wall plug counts before the platform, the platform before its parts, and nothing twice', () => {
  assert.equal(total(gpu, packages, psys, wall), 200);
  assert.equal(total(gpu, packages, board), 150, 'a board’s power supply feeds the card too');
  assert.equal(total(gpu, packages, psys), 180, 'RAPL’s platform does not feed the card');
  assert.equal(total(gpu, packages), 140);
  assert.equal(total(packages), 80);
});

test('The domains of a laptop under load add up to processor and memory, never to all five (i7-7600U)', () => {
  const watts = [figure(15.73, { scope: ['cpu'] }), figure(1.23, { scope: ['dram'] })];
  assert.equal(total(...watts)?.toFixed(2), '16.96');
  assert.equal(total(...watts, figure(29.97, { scope: ['platform'], method: 'rapl-psys' })), 29.97);
});

test('Of two figures that cover the same the better label counts, and one without a value never hides another', () => {
  assert.equal(total(figure(70, { quality: 'estimated' }), packages), 80);
  assert.equal(total(figure(null, { scope: ['wall'] }), packages), 80);
  assert.equal(total(figure(null)), null);
  assert.equal(total(), null);
});

test('Figures of another name are not energy of this one', () => {
  assert.equal(total(figure(9, { name: 'energy_active' })), null);
  assert.equal(total(figure(9, { name: 'cost_energy', unit: 'EUR' })), null);
});

test('A sum carries the weakest label, the union of the scopes, and bounds that add', () => {
  const sum = totalEnergy(
    [packages, { ...gpu, quality: 'estimated', low: 30, high: null, coverage: 0.5 }],
    'energy_full',
  );
  assert.deepEqual([sum?.quality, sum?.scope, sum?.low, sum?.high], ['estimated', ['cpu', 'dram', 'gpu'], 110, null]);
  assert.equal(sum?.coverage, (80 + 30) / 140);
  assert.equal(sum?.method, 'mixed');
});

const any = fc.constantFrom(wall, psys, board, packages, gpu, figure(3, { scope: ['cpu'] }), figure(null));

test('A cover is a part of the figures, in whatever order they come, and adding changes none of them', () => {
  fc.assert(
    fc.property(fc.array(any, { maxLength: 6 }), (figures) => {
      const before = structuredClone(figures);
      const cover = coverOf(figures, 'energy_full');
      assert.ok(cover.every((one) => figures.includes(one)));
      assert.equal(
        addUp(cover)?.value,
        coverOf(figures.toReversed(), 'energy_full').reduce<number | undefined>(
          (sum, one) => (sum ?? 0) + one.value,
          undefined,
        ),
      );
      assert.deepEqual(figures, before);
    }),
  );
});

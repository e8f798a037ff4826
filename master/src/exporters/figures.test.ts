import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTally } from '@ffrtmp/runtime/tally';
import type { Figure } from '@ffrtmp/shared/energy/figure';
import { countFigures, type Part } from './figures.ts';

const figure = (name: Figure['name'], value: number | null, fields: Partial<Figure> = {}): Figure => ({
  ...{ name, value, unit: 'J', scope: ['dram', 'cpu'], method: 'rapl', source: 'a sensor', coverage: 1 },
  ...{ quality: value === null ? 'none' : 'measured', low: value, high: value, ...fields },
});
const money = (value: number, unit: string) => figure('cost_energy', value, { unit, scope: [] });

function counted(...ended: [string, Part, Figure[]][]) {
  const tally = createTally();
  const count = countFigures(tally);
  for (const [id, part, figures] of ended) count(id, part, figures);
  return Object.fromEntries(
    tally
      .samples()
      .map(({ metric, labels, value }) => [
        `${metric.name.replace(/ffrtmp_master_(.*)_total/, '$1')} ${Object.values(labels).join(' ')}`,
        value,
      ]),
  );
}

test('Energy, money and carbon are counted under what they are, and pictures are not', () => {
  const figures = [
    ...[figure('energy_active', 5), figure('energy_full', 7), figure('energy_active', 2, { scope: ['gpu'] })],
    ...[money(0.5, 'EUR'), figure('cost_node', 0.25, { unit: 'EUR', scope: [] })],
    figure('carbon_operational', 3, { unit: 'gCO2e', scope: [], quality: 'estimated' }),
    figure('vmaf', 93, { unit: 'points', scope: [] }),
  ];
  assert.deepEqual(counted(['a', 'encode', figures], ['b', 'encode', [figure('energy_active', 1)]]), {
    'energy_joules active encode cpu,dram measured': 6,
    'energy_joules full encode cpu,dram measured': 7,
    'energy_joules active encode gpu measured': 2,
    'cost energy encode EUR measured': 0.5,
    'cost node encode EUR measured': 0.25,
    'carbon_grams operational encode estimated': 3,
  });
});

test('What is not known is counted as that, and adds no joule', () => {
  const none = figure('energy_active', null);
  assert.deepEqual(counted(['a', 'quality', [none]]), { 'energy_unknown active quality cpu,dram': 1 });
});

test('Waste that is told twice counts once, with the more that was said later', () => {
  const told = (joules: number): [string, Part, Figure[]] => ['a', 'waste', [figure('energy_full', joules)]];
  const other: [string, Part, Figure[]] = ['b', 'waste', [figure('energy_full', 100)]];
  assert.deepEqual(counted(told(10), told(14), other, told(12)), { 'energy_joules full waste cpu,dram measured': 114 });
});

test('More currencies than any tariff has share a label', () => {
  const codes = Array.from({ length: 12 }, (_, index) => `AA${String.fromCharCode(65 + index)}`);
  const sums = counted(...codes.map((code): [string, Part, Figure[]] => [code, 'encode', [money(1, code)]]));
  assert.equal(Object.keys(sums).length, 9);
  assert.equal(sums['cost energy encode other measured'], 4);
});

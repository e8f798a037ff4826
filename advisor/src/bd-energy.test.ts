import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Figure } from '@ffrtmp/shared/energy/figure';
import { bdCost } from './bd.ts';
import { bdEnergy, type EnergyPoint } from './bd-energy.ts';

const figure = (value: number | null, fields: Partial<Figure> = {}): Figure => ({
  ...{ name: 'energy_active', value, unit: 'J', scope: ['cpu', 'dram'], method: 'rapl', source: 'a sensor' },
  ...{ quality: value === null ? 'none' : 'measured', coverage: 1, low: value, high: value },
  ...fields,
});
const curve = (joules: readonly (number | null)[], vmaf: readonly number[], fields: Partial<Figure> = {}) =>
  joules.map((value, index): EnergyPoint => ({ energy: figure(value, fields), quality: vmaf[index] ?? Number.NaN }));
const anchor = [1200, 2600, 5400, 11800];
const anchorVmaf = [70, 80, 88, 93];
const other = curve([900, 2050, 4300, 9900], [69, 80.5, 88.5, 93.2]);

test('The same VMAF for 23.6 % less energy', () => {
  const delta = bdEnergy(curve(anchor, anchorVmaf), other);
  assert.ok(delta.value !== null);
  assert.equal(delta.value.toFixed(6), '-23.555750');
  const plain = ({ energy, quality }: EnergyPoint) => ({ cost: energy.value ?? Number.NaN, quality });
  assert.deepEqual(delta, bdCost(curve(anchor, anchorVmaf).map(plain), other.map(plain)));
  const log = bdEnergy(curve(anchor, anchorVmaf), other, { scale: 'vmaf-log', method: 'akima' });
  assert.ok(log.value !== null);
  assert.equal(log.value.toFixed(6), '-23.577885');
});

test('Energies of unlike name, scope or label are not compared; the order of a scope is no difference', () => {
  const unlike: Partial<Figure>[] = [{ name: 'energy_full' }, { scope: ['wall'] }, { quality: 'estimated' }];
  for (const fields of unlike) {
    const delta = bdEnergy(curve(anchor, anchorVmaf, fields), other);
    assert.equal(delta.value, null);
    assert.match(
      delta.value === null ? delta.reason : '',
      /^energies of different kinds: .*; energy_active of cpu\+dram, measured$/,
    );
  }
  assert.notEqual(bdEnergy(curve(anchor, anchorVmaf, { scope: ['dram', 'cpu'] }), other).value, null);
});

test('One energy that nobody knows leaves the difference unknown, and is not left out', () => {
  const five = curve([...anchor, null], [...anchorVmaf, 95]);
  for (const [a, b] of [
    [five, other],
    [other, five],
  ] as const)
    assert.deepEqual(bdEnergy(a, b), { value: null, reason: 'the energy of a point is not known' });
});

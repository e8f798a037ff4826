import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countFigures } from './counted.ts';
import type { Figure } from './figure.ts';
import { sciOf } from './sci.ts';

const figure = (name: Figure['name'], value: number, change: Partial<Figure> = {}): Figure => ({
  ...{ name, value, unit: name === 'energy_full' ? 'J' : 'gCO2e', scope: ['cpu'], method: 'm', quality: 'measured' },
  ...{ coverage: 1, low: value, high: value, source: name },
  ...change,
});
// 0.05 kWh at 342.06 g/kWh and a PUE of 1.2, as in the research's table of verified cases.
const energy = figure('energy_full', 180_000);
const operational = figure('carbon_operational', 20.5236);
const embodied = figure('carbon_embodied', 0.5946, { quality: 'estimated', low: null, high: null });
const one = { attempts: 1, seconds: 600 };

test('SCI is operational and embodied carbon over the minutes of output, with every variable beside it', () => {
  const sci = sciOf(countFigures([energy, operational, embodied], 600), one, 120);
  assert.ok(Math.abs((sci.value ?? 0) - (20.5236 + 0.5946) / 2) < 1e-12);
  assert.deepEqual([sci.energy_kwh, sci.operational_g, sci.embodied_g, sci.output_minutes], [0.05, 20.5236, 0.5946, 2]);
  assert.ok(Math.abs((sci.intensity_g_per_kwh ?? 0) - 342.06 * 1.2) < 1e-9);
  assert.deepEqual([sci.quality, sci.low, sci.high, sci.reason], ['estimated', null, null, null]);
  assert.deepEqual(sci.sources, ['carbon_operational', 'carbon_embodied']);
});

test('What was wasted is emitted too', () => {
  const parts = [
    ...countFigures([energy, operational, embodied], 600),
    ...countFigures([energy, operational, embodied], 600),
  ];
  const sci = sciOf(parts, { attempts: 2, seconds: 1200 }, 120);
  assert.ok(Math.abs((sci.value ?? 0) - (20.5236 + 0.5946)) < 1e-12);
});

test('Without output, energy or a known machine there is no value, and it is said why', () => {
  const reason = (figures: Figure[], seconds: number) => {
    const sci = sciOf(countFigures(figures, 600), one, seconds);
    assert.deepEqual([sci.value, sci.quality], [null, 'none']);
    return sci.reason;
  };
  assert.match(reason([energy, operational, embodied], 0) ?? '', /no finished output/);
  assert.match(reason([energy, embodied], 60) ?? '', /operational/);
  assert.match(reason([energy, operational], 60) ?? '', /embodied/);
});

test('An intensity is a quotient over the same attempts or it is not shown', () => {
  const parts = [...countFigures([energy, operational, embodied], 600), ...countFigures([energy, embodied], 600)];
  const sci = sciOf(parts, { attempts: 2, seconds: 1200 }, 120);
  assert.equal(sci.intensity_g_per_kwh, null);
  assert.equal(sci.high, null, 'an attempt without a figure may have emitted anything');
});

test('Figures too small or too large for a quotient give none, and never a NaN', () => {
  const tiny = sciOf(countFigures([{ ...energy, value: 5e-324 }, operational, embodied], 600), one, 60);
  assert.equal(tiny.intensity_g_per_kwh, null);
  assert.ok((tiny.value ?? 0) > 0);
  const huge = sciOf(countFigures([energy, { ...operational, value: 1e308 }, embodied], 600), one, 5e-324);
  assert.deepEqual([huge.value, huge.quality, huge.reason], [null, 'none', 'its parts are absurd']);
});

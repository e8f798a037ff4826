import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Figure, figureSchema } from '@ffrtmp/shared/energy/figure';
import { NO_PUE, pueSchema } from '@ffrtmp/shared/energy/pue';
import fc from 'fast-check';
import { type EndedWork, priceAttempt, type Rates, withPrices } from './price.ts';
import { tariffOf, tariffSchema } from './tariff.ts';

const HOUR = 3_600_000;
const start = Date.parse('2026-11-20T12:00:00Z');
const joules = (value: number | null, change: Partial<Figure> = {}): Figure => ({
  ...{ name: 'energy_full', value, unit: 'J', scope: ['cpu', 'dram'], method: 'rapl' },
  quality: value === null ? 'none' : 'attributed',
  ...{
    coverage: 0.9,
    low: value === null ? null : value / 2,
    high: value === null ? null : value * 2,
    source: 'a sensor',
  },
  ...change,
});
const node = { name: 'n', pool: 'default', labels: {}, type: 'server', threads: 64, reservedThreads: 8 } as const;
const work = (change: Partial<EndedWork> = {}): EndedWork => ({
  figures: [joules(180_000)],
  time: { from: start, to: start + 600_000 },
  node,
  ...change,
});
const germany = { gPerKwh: 342.06, text: '342.06 g/kWh average, lifecycle, of DE (DEU): Ember 2024' };
const rates = (change: Partial<Rates> = {}): Rates => ({
  ...{ tariff: null, pue: NO_PUE, intensityOver: () => germany, embodiedKg: undefined },
  ...change,
});
const tariff = (file: object = {}) =>
  tariffOf(tariffSchema.parse({ name: 'town', currency: 'EUR', default: 0.3, ...file }));
const priced = (one: EndedWork, by: Rates) => new Map(priceAttempt(one, by).map((figure) => [figure.name, figure]));
const near = (found: number | null | undefined, expected: number, digits = 9) =>
  assert.equal(found?.toFixed(digits), expected.toFixed(digits));

test('0.05 kWh at a PUE of 1.2 and 342.06 g/kWh are 20.5236 g', () => {
  const carbon = priced(work(), rates({ pue: pueSchema.parse('1.2') })).get('carbon_operational');
  near(carbon?.value, 20.5236);
  near(carbon?.low, 20.5236 / 2);
  near(carbon?.high, 20.5236 * 2);
  assert.deepEqual([carbon?.quality, carbon?.scope, carbon?.coverage], ['attributed', ['cpu', 'dram'], 0.9]);
  assert.match(
    carbon?.source ?? '',
    /^342\.06 g\/kWh average, lifecycle, of DE \(DEU\): Ember 2024; PUE 1\.2; energy_full/,
  );
});

test('A server of 1000 kg over 4 years is 28.539 g an hour, and 0.5946 g for 600 s on 8 of 64 threads', () => {
  const whole = { ...node, reservedThreads: 64 };
  near(
    priced(work({ time: { from: start, to: start + HOUR }, node: whole }), rates()).get('carbon_embodied')?.value,
    28.539,
    3,
  );
  const share = priced(work(), rates()).get('carbon_embodied');
  near(share?.value, 0.5946, 4);
  assert.equal(share?.quality, 'estimated');
  assert.match(share?.source ?? '', /1000 kg a server .* 8 of 64 threads/);
});

test('Making a node is what its label says, else what is configured, else what its type has', () => {
  const grams = (change: object, embodiedKg?: number) =>
    priced(work({ node: { ...node, ...change } }), rates({ embodiedKg })).get('carbon_embodied');
  near(grams({ labels: { embodied_kg: '500' } }, 2000)?.value, 0.5946 / 2, 4);
  near(grams({}, 2000)?.value, 0.5946 * 2, 3);
  near(grams({ labels: { embodied_kg: 'heavy' } })?.value, 0.5946, 4);
  near(grams({ type: 'laptop' })?.value, 0.5946 * 0.181, 4);
  near(grams({ type: 'desktop' })?.low, 0.5946 * 0.181, 4);
});

test('Energy costs kilowatt hours x PUE x price, with the label and bounds of the energy', () => {
  const cost = priced(work(), rates({ tariff: tariff(), pue: pueSchema.parse('aws') })).get('cost_energy');
  near(cost?.value, 0.05 * 1.135 * 0.3);
  near(cost?.high, 0.1 * 1.135 * 0.3);
  assert.deepEqual([cost?.unit, cost?.quality], ['EUR', 'attributed']);
  assert.match(
    cost?.source ?? '',
    /^tariff town: 0\.3 EUR\/kWh; PUE 1\.135, aws \(Cloud Carbon Footprint 2024\); energy_full/,
  );
});

test('An attempt over two windows pays their mean by time', () => {
  const windows = [{ from: '12:05', to: '13:00', price_per_kwh: 0.5 }];
  const cost = priced(work(), rates({ tariff: tariff({ time_zone: 'UTC', windows }) })).get('cost_energy');
  near(cost?.value, 0.05 * 0.4);
  assert.match(cost?.source ?? '', /0\.4 EUR\/kWh, mean of 2 windows, UTC; PUE not set, 1\.0/);
});

test('Node hours are paid by the share that was reserved', () => {
  const node_hour = { default: 6.4 };
  const cost = priced(work(), rates({ tariff: tariff({ node_hour }) })).get('cost_node');
  near(cost?.value, (6.4 * 8) / 64 / 6);
  assert.deepEqual([cost?.low, cost?.high, cost?.quality, cost?.scope], [cost?.value, cost?.value, 'measured', []]);
  assert.equal(priced(work(), rates({ tariff: tariff() })).has('cost_node'), false);
});

test('Without a tariff there is no cost figure; with one, unknown energy is none and never 0', () => {
  assert.deepEqual([...priced(work(), rates()).keys()], ['carbon_operational', 'carbon_embodied']);
  const unknown = priced(work({ figures: [joules(null, { source: 'no sensor' })] }), rates({ tariff: tariff() }));
  for (const name of ['cost_energy', 'carbon_operational'] as const) {
    assert.deepEqual([unknown.get(name)?.value, unknown.get(name)?.quality], [null, 'none']);
    assert.equal(unknown.get(name)?.source, 'no energy figure: no sensor');
  }
  assert.match(
    priced(work({ figures: [] }), rates()).get('carbon_operational')?.source ?? '',
    /nothing is known of its energy/,
  );
});

test('Of a node that is gone neither its share nor its making is known', () => {
  const gone = priced(work({ node: null }), rates({ tariff: tariff({ node_hour: { default: 1 } }) }));
  for (const name of ['cost_node', 'carbon_embodied'] as const) assert.equal(gone.get(name)?.value, null);
  assert.equal(gone.get('cost_energy')?.value, 0.05 * 0.3);
});

test('Prices are the master’s: what an agent says of money and carbon is not kept', () => {
  const claimed = joules(0, { name: 'cost_energy', unit: 'EUR', source: 'free of charge' });
  const figures = withPrices(work({ figures: [joules(180_000), claimed] }), rates());
  assert.deepEqual(
    figures.map(({ name }) => name),
    ['energy_full', 'carbon_operational', 'carbon_embodied'],
  );
});

test('Whatever an agent says, prices are figures of the contract: finite, or none with a reason', () => {
  const value = fc.oneof(
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.constant(null),
    fc.constant(Number.MAX_VALUE),
  );
  const anyFigure = fc
    .record({ value, high: value, scope: fc.constantFrom<Figure['scope'][]>(['cpu'], ['gpu'], ['wall'], []) })
    .map(({ value, high, scope }) => joules(value, { high, scope, low: null }));
  const all = rates({ tariff: tariff({ node_hour: { default: 1 } }), pue: pueSchema.parse(5), embodiedKg: 1e6 });
  fc.assert(
    fc.property(
      fc.array(anyFigure, { maxLength: 4 }),
      fc.integer({ min: -HOUR, max: 1000 * HOUR }),
      (figures, lasted) => {
        for (const figure of priceAttempt(work({ figures, time: { from: start, to: start + lasted } }), all)) {
          figureSchema.parse(figure);
          assert.equal(figure.value === null, figure.quality === 'none');
        }
      },
    ),
  );
});

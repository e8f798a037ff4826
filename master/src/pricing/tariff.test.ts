import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tariffOf, tariffSchema } from './tariff.ts';

const flat = { name: 'town', currency: 'EUR', default: 0.3 };
const night = { from: '22:00', to: '06:00', price_per_kwh: 0.2 };
const day = { from: '06:00', to: '22:00', price_per_kwh: 0.3 };

function problemsOf(file: unknown): string {
  const parsed = tariffSchema.safeParse(file);
  return parsed.success
    ? ''
    : parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('\n');
}

test('A flat price, a price with windows, and windows that cover the week are tariffs', () => {
  for (const file of [
    flat,
    { ...flat, time_zone: 'Europe/Berlin', windows: [night] },
    {
      name: 'full',
      currency: 'JPY',
      time_zone: 'Asia/Tokyo',
      windows: [
        { ...night, price_per_kwh: 20 },
        { ...day, price_per_kwh: 31 },
      ],
    },
    { ...flat, pue: 'aws', node_hour: { default: 1, nodes: { a: 2 } } },
    { ...flat, default: 0 },
  ])
    assert.equal(problemsOf(file), '');
});

test('What is wrong with a tariff is said with its place, and nothing is guessed', () => {
  const wrong: [unknown, RegExp][] = [
    [{ name: 'a', currency: 'EUR' }, /windows: there is no price for mon 00:00 to sun 24:00/],
    [
      { name: 'a', currency: 'EUR', time_zone: 'UTC', windows: [night] },
      /windows: there is no price for mon 06:00 to 22:00/,
    ],
    [
      { ...flat, time_zone: 'UTC', windows: [night, { ...day, from: '05:30' }] },
      /windows 1 and 2 overlap: mon 05:30 to 06:00/,
    ],
    [{ ...flat, windows: [night] }, /time_zone: is missing/],
    [{ ...flat, time_zone: 'Europe/Atlantis' }, /time_zone: is no time zone/],
    [{ ...flat, currency: 'EURO' }, /currency: is no currency/],
    [{ ...flat, currency: 'eur' }, /currency: is no currency/],
    [{ ...flat, default: -0.1 }, /default: is negative/],
    [{ ...flat, default: Number.NaN }, /default: must be a number/],
    [{ ...flat, default: '0.3' }, /default: must be a number/],
    [{ ...flat, default: 30 }, /30 EUR a kilowatt hour is absurd/],
    [{ ...flat, default: 1e9 }, /default: is absurd/],
    [{ ...flat, time_zone: 'UTC', windows: [{ ...night, price_per_kwh: -1 }] }, /windows.0.price_per_kwh: is negative/],
    [{ ...flat, time_zone: 'UTC', windows: [{ ...night, to: '22:00' }] }, /windows.0: begins when it ends/],
    [{ ...flat, time_zone: 'UTC', windows: [{ ...night, from: 22 }] }, /windows.0.from: must be a time/],
    [{ ...flat, time_zone: 'UTC', windows: [{ ...night, days: ['monday'] }] }, /windows.0.days.0/],
    [{ ...flat, pue: 0.9 }, /pue: is no PUE/],
    [{ ...flat, pue: 'ibm' }, /pue: is no PUE/],
    [{ ...flat, node_hour: { default: -1 } }, /node_hour.default: is negative/],
    [{ ...flat, price: 1 }, /price/],
    [null, /./],
    ['0.3', /./],
  ];
  for (const [file, message] of wrong) assert.match(problemsOf(file), message, JSON.stringify(file));
});

test('A node pays the most particular rate there is: its name, a label, its pool, the default', () => {
  const node = { name: 'render-1', pool: 'gpu', labels: { tier: 'big' } };
  const rate = (node_hour: object) => tariffOf(tariffSchema.parse({ ...flat, node_hour })).nodeRate(node);
  const [nodes, labels, pools] = [{ 'render-1': 4 }, { 'tier=big': 3 }, { gpu: 2 }];
  assert.deepEqual(rate({ default: 1, pools, labels, nodes }), { perHour: 4, by: 'node render-1' });
  assert.deepEqual(rate({ default: 1, pools, labels }), { perHour: 3, by: 'label tier=big' });
  assert.deepEqual(rate({ default: 1, pools }), { perHour: 2, by: 'pool gpu' });
  assert.deepEqual(rate({ default: 1 }), { perHour: 1, by: 'default' });
  assert.equal(rate({ pools: { cpu: 2 } }), null);
  assert.equal(tariffOf(tariffSchema.parse(flat)).nodeRate(node), null);
});

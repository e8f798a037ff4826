import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { test } from 'node:test';
import { cloudRegions } from './cloud-regions.ts';
import { alpha3, emberYear } from './countries.ts';
import { regionIntensity } from './region-table.ts';

const grams = async (region?: string) => (await regionIntensity(region)).gPerKwh;

test('A country in two or three letters, a group of countries and a cloud’s region have their yearly average', async () => {
  assert.deepEqual(
    await Promise.all(['DE', 'deu', 'eu-central-1', 'europe-west3', 'germanywestcentral'].map(grams)),
    Array(5).fill(342.06),
  );
  assert.equal(await grams('EU'), 213.02);
  assert.equal(await grams('FR'), 44.18);
});

test('Without a region it is the world’s, and every value says its year', async () => {
  assert.deepEqual(await regionIntensity(undefined), {
    gPerKwh: 472.94,
    text: '472.94 g/kWh average, lifecycle, of the world, no region is set: Ember 2024, @tgwf/co2 0.19',
  });
  assert.match((await regionIntensity('ID')).text, /682\.43 g\/kWh .* Ember 2023/);
});

test('An unknown region is an error that names a near one, and never the world’s average in silence', async () => {
  await assert.rejects(regionIntensity('eu-centrl-1'), { code: 'bad_config', message: /did you mean eu-central-1\?/ });
  for (const region of ['Germany', 'XX', '__proto__', 'constructor', ''])
    await assert.rejects(regionIntensity(region), { code: 'bad_config', message: /is no country/ }, region);
});

test('A value that cannot be is refused', async () => {
  await assert.rejects(regionIntensity('CF'), {
    code: 'bad_config',
    message: /says 0 g\/kWh, which cannot be; set --carbon-intensity/,
  });
});

test('The years were noted for exactly the values that the package has', async () => {
  const name: string = '@tgwf/co2/data';
  const { averageIntensity } = (await import(name)) as { averageIntensity: { data: Record<string, number> } };
  const digest = hash('sha256', JSON.stringify(averageIntensity.data));
  assert.equal(digest, 'c94ec4820e5218c570d3ebc659513ea21920a2be3d994ba7679d9231e6958146', 'look at the years again');
  assert.deepEqual([emberYear('GUF'), emberYear('IDN'), emberYear('DEU')], [2022, 2023, 2024]);
  for (const country of alpha3.values()) assert.ok(Object.hasOwn(averageIntensity.data, country), country);
});

test('Every region of a cloud stands in a country of the table', async () => {
  const unknown = await Promise.all(
    cloudRegions().map((region) =>
      regionIntensity(region).then(
        () => '',
        () => region,
      ),
    ),
  );
  assert.deepEqual(
    unknown.filter((region) => region !== ''),
    [],
  );
});

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { readConfig } from '@ffrtmp/shared/config';
import { masterOptions } from '../config.ts';
import { readPricing } from './pricing.ts';

const read = (...argv: string[]) =>
  readPricing(readConfig('master', masterOptions, { argv, env: {}, file: undefined }));

function file(t: TestContext, name: string, text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'ffrtmp-tariff-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

test('A tariff is read from YAML and from JSON', async (t) => {
  const yaml = file(t, 'tariff.yaml', 'name: town\ncurrency: EUR\ntime_zone: Europe/Berlin\ndefault: 0.3\n');
  const json = file(t, 'tariff.json', JSON.stringify({ name: 'town', currency: 'EUR', default: 0.3 }));
  for (const path of [yaml, json]) assert.equal((await read('--tariff', path)).tariff?.name, 'town');
  assert.equal((await read()).tariff, null);
});

test('A tariff that cannot be used is refused with the file and every fault in it', async (t) => {
  const holes = file(
    t,
    'holes.yaml',
    'name: town\ncurrency: ECU\ntime_zone: UTC\nwindows:\n  - {days: [mon], from: "00:00", to: "12:00", price_per_kwh: -1}\n',
  );
  await assert.rejects(read('--tariff', holes), ({ code, message }: Error & { code: string }) => {
    assert.equal(code, 'bad_config');
    assert.match(message, /holes\.yaml: currency is no currency/);
    assert.match(message, /holes\.yaml: windows\.0\.price_per_kwh is negative/);
    return true;
  });
  const hole = file(
    t,
    'hole.yaml',
    'name: a\ncurrency: EUR\ntime_zone: UTC\nwindows:\n  - {from: "06:00", to: "24:00", price_per_kwh: 1}\n',
  );
  await assert.rejects(read('--tariff', hole), { message: /windows there is no price for mon 00:00 to 06:00/ });
  for (const [name, text] of [
    ['broken.yaml', 'name: [\n'],
    ['empty.yaml', ''],
    ['list.yaml', '- 1\n'],
    ['word.yaml', 'cheap\n'],
  ] as const)
    await assert.rejects(
      read('--tariff', file(t, name, text)),
      { code: 'bad_config', message: new RegExp(name) },
      name,
    );
  await assert.rejects(read('--tariff', '/nowhere/tariff.yaml'), {
    code: 'bad_config',
    message: /cannot read the tariff/,
  });
});

test('Carbon that is configured wrong is refused at the start', async () => {
  const api = ['--carbon-api', 'http://grid.example/v3'];
  await assert.rejects(read(...api), { code: 'bad_config', message: /needs --carbon-zone/ });
  const secret = [...api, '--carbon-zone', 'DE', '--carbon-token', 'x'];
  await assert.rejects(read(...secret), { code: 'bad_config', message: /would travel unencrypted/ });
  assert.equal(
    (await read('--carbon-api', 'http://127.0.0.1:1', '--carbon-zone', 'DE', '--carbon-token', 'x')).api?.zone,
    'DE',
  );
  await assert.rejects(read('--carbon-region', 'Atlantis'), { code: 'bad_config', message: /Atlantis: is no country/ });
});

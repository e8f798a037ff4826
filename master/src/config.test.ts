import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readConfig } from '@ffrtmp/shared/config';
import { masterOptions } from './config.ts';

const read = (...argv: string[]) => readConfig('master', masterOptions, { argv, env: {}, file: undefined });

test('By default no file ever goes, and jobs and logs go late', () => {
  const { keepJobs, keepLogs, maxLogBytes, keepFiles, maxFileBytes } = read();
  assert.deepEqual([keepJobs, keepLogs, maxLogBytes], [90 * 86_400_000, 30 * 86_400_000, 10e9]);
  assert.deepEqual([keepFiles, maxFileBytes], [null, null]);
});

test('Nothing, 0, forever and unlimited are no limit, and never a limit of nothing', () => {
  const { keepJobs, keepFiles, maxLogBytes, maxFileBytes } = read(
    ...['--keep-jobs', '0', '--keep-files', 'forever', '--max-log-bytes', '0', '--max-file-bytes', 'unlimited'],
  );
  assert.deepEqual([keepJobs, keepFiles, maxLogBytes, maxFileBytes], [null, null, null, null]);
});

test('How long something is kept says its unit: a bare 90 would be seconds elsewhere, and is refused here', () => {
  assert.equal(read('--keep-files', '12h').keepFiles, 43_200_000);
  for (const text of ['90', '1.5', 'never', '-1d', ''])
    assert.throws(() => read('--keep-jobs', text), /keep-jobs/, text);
  for (const text of ['much', '-1', '5 apples'])
    assert.throws(() => read('--max-file-bytes', text), /max-file-bytes/, text);
});

test('Money and carbon are absent until they are configured, and an absurd value is refused with its flag', () => {
  const config = read();
  assert.deepEqual(
    [config.tariff, config.pue, config.carbonRegion, config.carbonIntensity, config.carbonApi, config.embodiedKg],
    Array(6).fill(undefined),
  );
  assert.equal(read('--pue', 'azure').pue?.value, 1.185);
  for (const [flag, text] of [
    ...[
      ['--pue', '0.5'],
      ['--pue', 'here'],
      ['--pue', ''],
    ],
    ...[
      ['--carbon-intensity', '-1'],
      ['--carbon-intensity', '99999'],
      ['--carbon-intensity', 'green'],
    ],
    ...[
      ['--carbon-api', 'api.electricitymaps.com'],
      ['--carbon-api', 'file:///etc/passwd'],
      ['--embodied-kg', '-5'],
    ],
  ] as [string, string][])
    assert.throws(() => read(flag, text), new RegExp(flag), `${flag} ${text}`);
});

test('The token of the carbon API comes from the environment and stands in no message', () => {
  const env = { ELECTRICITY_MAPS_TOKEN: 'se cret' };
  assert.throws(
    () => readConfig('master', masterOptions, { argv: [], env, file: undefined }),
    ({ message }: Error) => /--carbon-token \(not shown\)/.test(message) && !message.includes('se cret'),
  );
});

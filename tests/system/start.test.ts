import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { errorTable } from '@ffrtmp/shared/contract/errors';
import { engine } from '../support/engine.ts';
import { startAgent, startMaster } from '../support/fleet.ts';
import { binary, runProgram } from '../support/process.ts';
import { openScope } from '../support/scope.ts';

/** A program that cannot start says why and ends; one that hangs would be killed after this. */
const limitMs = 40_000;

test('A master that cannot start ends at once with one sentence and its exit code', async (t) => {
  const scope = openScope(t);
  const running = await startMaster(scope);
  const port = new URL(running.url).port;
  const attempt = (dataDir: string, ...words: string[]) =>
    runProgram(scope, binary('master'), ['--data-dir', dataDir, '--metrics-port', '0', ...words], { limitMs });
  const missing = ['--tls', '--cert', `${scope.dir}/none.crt`, '--key', `${scope.dir}/none.key`];
  const [sameFolder, samePort, noCertificate] = await Promise.all([
    attempt(running.dataDir, '--port', '0'),
    attempt(scope.folder('second'), '--port', port),
    attempt(scope.folder('third'), '--port', '0', ...missing),
  ]);
  assert.equal(sameFolder.code, errorTable.data_dir_locked.exit, sameFolder.stderr);
  assert.equal(samePort.code, errorTable.port_taken.exit, samePort.stderr);
  assert.match(samePort.stderr, new RegExp(`^error: .*${port}`, 'm'));
  assert.equal(noCertificate.code, errorTable.bad_config.exit, noCertificate.stderr);
  assert.match(noCertificate.stderr, /^error: .*none\.(?:crt|key)/m);
  for (const { stderr } of [sameFolder, samePort, noCertificate]) assert.doesNotMatch(stderr, /^ {4}at /m);
});

test('A tariff with a hole stops the master at its start, and config check says the same', async (t) => {
  const scope = openScope(t);
  const tariff = join(scope.dir, 'tariff.yaml');
  const day = '  - {from: "06:00", to: "22:00", price_per_kwh: 0.3}';
  writeFileSync(tariff, `name: town\ncurrency: EUR\ntime_zone: Europe/Berlin\nwindows:\n${day}\n`);
  const master = (...words: string[]) => runProgram(scope, binary('master'), words, { limitMs });
  const start = ['--data-dir', scope.folder('data'), '--port', '0', '--no-metrics', '--tariff', tariff];
  for (const { code, stderr } of [await master(...start), await master('config', 'check', '--tariff', tariff)]) {
    assert.equal(code, errorTable.bad_config.exit, stderr);
    assert.match(stderr, /^error: tariff .*tariff\.yaml: windows there is no price for mon 00:00 to 06:00$/m);
    assert.doesNotMatch(stderr, /^ {4}at /m);
  }
  writeFileSync(tariff, `name: town\ncurrency: EUR\ndefault: 0.25\ntime_zone: Europe/Berlin\nwindows:\n${day}\n`);
  assert.equal((await master('config', 'check', '--tariff', tariff, '--carbon-region', 'DE')).code, 0);
});

test('An agent that cannot start ends at once with one sentence and its exit code', async (t) => {
  const scope = openScope(t);
  const master = await startMaster(scope);
  const first = await startAgent(scope, master, { address: 'one', args: ['--ffmpeg', engine(scope)] });
  const metrics = new URL(master.url).port;
  const attempt = (name: string, ...words: string[]) => {
    const own = ['--data-dir', scope.folder(name), '--address', name, '--ffmpeg', engine(scope)];
    return runProgram(scope, binary('agent'), [...own, '--allow-master-as-worker', '--yes', ...words], { limitMs });
  };
  const join = ['--register', '--master', master.url];
  const [noFfmpeg, noMaster, wrongKey, portTaken, neverJoined] = await Promise.all([
    attempt('two', ...join, '--api-key', master.adminKey, '--ffmpeg', 'no-such-ffmpeg'),
    attempt('three', '--register', '--master', 'http://127.0.0.1:9', '--api-key', master.adminKey),
    attempt('four', ...join, '--api-key', 'ffk_of-somebody-else'),
    attempt('five', ...join, '--api-key', master.adminKey, '--metrics-port', metrics),
    attempt('six', '--master', master.url),
  ]);
  const expected = [
    [noFfmpeg, 'missing_program', /no-such-ffmpeg is not installed/],
    [noMaster, 'master_unreachable', /no master answers at http:\/\/127\.0\.0\.1:9/],
    [wrongKey, 'unauthorized', /key/],
    [portTaken, 'port_taken', new RegExp(metrics)],
    [neverJoined, 'unauthorized', /start it with --register/],
  ] as const;
  for (const [{ code, stderr }, error, sentence] of expected) {
    assert.equal(code, errorTable[error].exit, stderr);
    assert.match(stderr, sentence);
    assert.doesNotMatch(stderr, /^ {4}at /m);
  }
  assert.equal(first.program.stderr().includes('"level":50'), false);
});

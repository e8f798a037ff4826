import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { isSameMaster, readSettings } from './settings.ts';

function place(t: TestContext) {
  const dir = mkdtempSync(join(tmpdir(), 'ffrtmp-settings-'));
  t.after(() => rmSync(dir, { recursive: true }));
  const env = { XDG_CONFIG_HOME: join(dir, 'config'), XDG_DATA_HOME: join(dir, 'data') };
  return { dir, env };
}

function localMaster(dir: string, url: string) {
  const data = join(dir, 'data', 'ffrtmp', 'master');
  mkdirSync(data, { recursive: true });
  writeFileSync(join(data, 'endpoint'), `${url}\n`);
  writeFileSync(join(data, 'admin.key'), 'ffk_local\n');
  writeFileSync(join(data, 'ca.crt'), 'PEM\n');
}

test('without anything the seeds’ address is used and no key is known', (t) => {
  const { dir, env } = place(t);
  const settings = readSettings({ flags: {}, env, cwd: dir });
  assert.equal(settings.url, 'http://localhost:8080');
  assert.equal(settings.key, undefined);
});

test('flags win over the environment, which wins over the file, which wins over a local master', (t) => {
  const { dir, env } = place(t);
  localMaster(dir, 'https://127.0.0.1:8443');
  const read = (flags: Record<string, string>, more: Record<string, string>) =>
    readSettings({ flags, env: { ...env, ...more }, cwd: dir });
  assert.deepEqual(
    [read({}, {}).url, read({}, {}).key, read({}, {}).ca, read({}, {}).origins.master],
    ['https://127.0.0.1:8443', 'ffk_local', 'PEM', 'local master'],
  );
  writeFileSync(join(dir, 'ffrtmp.yaml'), 'cli:\n  master: http://file:1\n  api_key: from-file\n');
  assert.deepEqual([read({}, {}).url, read({}, {}).key], ['http://file:1', 'from-file']);
  const env2 = { FFRTMP_CLI_MASTER: 'http://env:1', FFMPEG_RTMP_API_KEY: 'first', MASTER_API_KEY: 'second' };
  assert.deepEqual([read({}, env2).url, read({}, env2).key], ['http://env:1', 'first']);
  assert.equal(read({}, { MASTER_API_KEY: 'second' }).key, 'second');
  const flagged = read({ master: 'http://flag:1', apiKey: 'flagged' }, env2);
  assert.deepEqual([flagged.url, flagged.key, flagged.origins.apiKey], ['http://flag:1', 'flagged', 'flag']);
});

test('the key of the local master never goes to another one', (t) => {
  const { dir, env } = place(t);
  localMaster(dir, 'http://127.0.0.1:8080');
  const keyFor = (master: string) => readSettings({ flags: { master }, env, cwd: dir }).key;
  assert.equal(keyFor('http://localhost:8080'), 'ffk_local');
  assert.equal(keyFor('https://localhost:8080'), 'ffk_local');
  assert.equal(keyFor('http://localhost:8081'), undefined);
  assert.equal(keyFor('http://elsewhere:8080'), undefined);
  assert.equal(isSameMaster('http://10.0.0.7:80', { url: 'http://10.0.0.7', key: 'k', ca: undefined }), true);
});

test('--data-dir takes the folder of `ffrtmp up` as well as the master’s own', (t) => {
  const { dir, env } = place(t);
  localMaster(dir, 'http://127.0.0.1:8080');
  const above = join(dir, 'data', 'ffrtmp');
  for (const dataDir of [above, join(above, 'master')])
    assert.equal(readSettings({ flags: { dataDir }, env, cwd: dir }).key, 'ffk_local');
});

test('every wrong setting is named at once', (t) => {
  const { dir, env } = place(t);
  writeFileSync(join(dir, 'ffrtmp.yaml'), 'cli:\n  mastr: http://x\n');
  const flags = { output: 'xml', master: 'localhost' };
  assert.throws(() => readSettings({ flags, env, cwd: dir }), {
    code: 'bad_config',
    message: /mastr.*did you mean master[\s\S]*--master[\s\S]*--output/,
  });
});

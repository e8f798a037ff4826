import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { downloadFile, uploadFile } from '@ffrtmp/runtime/transfer';
import { FfrtmpError } from '@ffrtmp/shared/contract/errors';
import { type RunningMaster, restartMaster, startMaster } from '../support/fleet.ts';
import { openScope } from '../support/scope.ts';
import { until } from '../support/until.ts';

const digest = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
const has = async ({ connection }: RunningMaster, sha256: string) =>
  (await call(connection, `/files/${sha256}`, { method: 'HEAD' })).ok;

function call(
  { url, key, client }: RunningMaster['connection'],
  path: string,
  init: { method: string; headers?: Record<string, string>; body?: Buffer<ArrayBuffer> },
): Promise<Response> {
  const headers = { ...init.headers, authorization: `Bearer ${key}`, 'tus-resumable': '1.0.0' };
  return client.settings.fetch(url + path, { ...init, headers });
}

function append(master: RunningMaster, path: string, offset: number, bytes: Buffer): Promise<Response> {
  const headers = { 'upload-offset': String(offset), 'content-type': 'application/offset+octet-stream' };
  return call(master.connection, path, { method: 'PATCH', headers, body: Buffer.from(bytes) });
}

test('A file whose judgement fails while it is sent does not get to the master, and nothing of it stays there', async (t) => {
  const scope = openScope(t);
  const master = await startMaster(scope);
  for (const size of [0, 1, 3 << 20]) {
    const bytes = randomBytes(size);
    const path = join(scope.folder('films'), `${size}`);
    writeFileSync(path, bytes);
    const judgement = Promise.withResolvers<void>();
    let sent = 0;
    const judged = judgement.promise;
    const onProgress = (done: number) => {
      sent = done;
      if (done > size / 2) judgement.reject(new FfrtmpError('not_a_video', 'it is none'));
    };
    // What is too small to be sent in part is judged before it is sent at all.
    if (size < 2) judgement.reject(new FfrtmpError('not_a_video', 'it is none'));
    await assert.rejects(uploadFile(master.connection, path, { judged, onProgress }), /it is none/);
    assert.ok(size === 0 || sent < size);
    assert.equal(await has(master, digest(bytes)), false);
    await until('the end of the upload', () => readdirSync(join(master.dataDir, 'uploads')).length === 0);
    const stored = await uploadFile(master.connection, path, { judged: Promise.resolve() });
    assert.deepEqual(stored, { sha256: digest(bytes), bytes: size });
    assert.equal(await has(master, stored.sha256), true);
  }
});

test('An upload that goes on after a restart of the master is checked as a whole', async (t) => {
  const scope = openScope(t);
  let master = await startMaster(scope);
  for (const right of [true, false]) {
    const bytes = randomBytes(100_000);
    const claimed = right ? digest(bytes) : digest(randomBytes(1));
    const metadata = `sha256 ${Buffer.from(claimed).toString('base64')}`;
    const headers = { 'upload-length': String(bytes.length), 'upload-metadata': metadata };
    const created = await call(master.connection, '/files', { method: 'POST', headers });
    const path = created.headers.get('location') ?? '';
    assert.equal((await append(master, path, 0, bytes.subarray(0, 40_000))).status, 204);
    await master.program.stop();
    master = await restartMaster(scope, master);
    assert.equal((await append(master, path, 40_000, bytes.subarray(40_000))).status, right ? 204 : 460);
    assert.equal(await has(master, digest(bytes)), right);
  }
});

test('A download goes on where a part of it lies, and a part that is wrong is noticed and dropped', async (t) => {
  const scope = openScope(t);
  const master = await startMaster(scope);
  const bytes = randomBytes(300_000);
  const source = join(scope.folder('films'), 'source');
  writeFileSync(source, bytes);
  const file = await uploadFile(master.connection, source);
  const path = join(scope.folder('downloads'), 'film');

  writeFileSync(`${path}.part`, bytes.subarray(0, 100_000));
  let least = bytes.length;
  const onProgress = (done: number) => {
    least = Math.min(least, done);
  };
  await downloadFile(master.connection, file, path, { onProgress });
  assert.deepEqual(readFileSync(path), bytes);
  assert.ok(least > 100_000, 'what lay there was not fetched again');

  writeFileSync(`${path}.part`, randomBytes(100_000));
  await assert.rejects(downloadFile(master.connection, file, path), { code: 'checksum_mismatch' });
  await downloadFile(master.connection, file, path);
  assert.deepEqual(readFileSync(path), bytes);

  writeFileSync(`${path}.part`, bytes);
  await downloadFile(master.connection, file, path);
  assert.deepEqual(readFileSync(path), bytes, 'a part that is complete needs no bytes');

  const reason = new Error('given up');
  await assert.rejects(downloadFile(master.connection, file, path, { signal: AbortSignal.abort(reason) }), reason);
});

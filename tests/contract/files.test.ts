import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { join } from 'node:path';
import { test } from 'node:test';
import { uploadHeaders } from '@ffrtmp/shared/contract/files';
import { Upload } from 'tus-js-client';
import { insertFile, insertOwner } from '../../master/src/files/store.ts';
import { registerNode } from './fake-node.ts';
import { type MasterUnderTest, startMasterUnderTest } from './master-under-test.ts';
import { beginUpload, continueUpload, digestOf, putFile } from './tus.ts';

/** The whole file or what a range of it gives. */
async function get(m: MasterUnderTest, sha256: string, headers: Record<string, string> = {}, method = 'GET') {
  const init = { method, headers: { authorization: `Bearer ${m.adminKey}`, ...headers } };
  const response = await m.client.settings.fetch(`${m.url}/files/${sha256}`, init);
  return { status: response.status, headers: response.headers, body: Buffer.from(await response.arrayBuffer()) };
}

/** Uploads with the field's own client; `place` continues an upload that was begun before. */
function tusUpload(m: MasterUnderTest, bytes: Buffer, place?: string): Promise<{ sent: number; answer: string }> {
  return new Promise((resolve, reject) => {
    let from: number | undefined;
    const upload = new Upload(bytes, {
      ...(place === undefined ? { endpoint: `${m.url}/files` } : { uploadUrl: m.url + place }),
      chunkSize: 256 * 1024,
      retryDelays: null,
      headers: { authorization: `Bearer ${m.adminKey}` },
      metadata: { filename: 'film.mkv', sha256: digestOf(bytes) },
      storeFingerprintForResuming: false,
      onProgress: (sent) => {
        from ??= sent;
      },
      onError: reject,
      onSuccess: ({ lastResponse }) =>
        resolve({ sent: bytes.length - (from ?? 0), answer: lastResponse.getHeader(uploadHeaders.sha256) ?? '' }),
    });
    upload.start();
  });
}

const uploadsOf = (m: MasterUnderTest) => readdirSync(join(m.dataDir, 'uploads'));
const offsetOf = async (m: MasterUnderTest, place: string) =>
  (await m.request('HEAD', place, { headers: { 'tus-resumable': '1.0.0' } })).headers.get('upload-offset');

/** Sends the beginning of a chunk and breaks the connection off in the middle. */
function breakOff(m: MasterUnderTest, place: string, bytes: Buffer, after: number): Promise<void> {
  const headers = {
    authorization: `Bearer ${m.adminKey}`,
    'tus-resumable': '1.0.0',
    'upload-offset': '0',
    'content-type': 'application/offset+octet-stream',
    'content-length': String(bytes.length),
  };
  return new Promise((resolve) => {
    const request = httpRequest(m.url + place, { method: 'PATCH', headers });
    request.once('error', () => resolve());
    request.write(bytes.subarray(0, after), () => request.destroy());
    request.once('close', () => resolve());
  });
}

test('A file is uploaded in chunks, answered with its digest, and downloaded byte for byte', async (t) => {
  const m = await startMasterUnderTest(t);
  const bytes = randomBytes(1_000_003);
  const { answer } = await tusUpload(m, bytes);
  assert.equal(answer, digestOf(bytes));
  const { status, headers, body } = await get(m, answer);
  assert.equal(status, 200);
  assert.ok(body.equals(bytes));
  assert.equal(headers.get('etag'), `"${answer}"`);
  assert.equal(headers.get('accept-ranges'), 'bytes');
  assert.deepEqual(uploadsOf(m), [], 'nothing of the upload is left behind');
});

test('An upload whose connection broke goes on where it was and sends only the rest', async (t) => {
  const m = await startMasterUnderTest(t);
  const bytes = randomBytes(2_000_000);
  const place = (await beginUpload(m, bytes.length, { sha256: digestOf(bytes) })).headers.get('location') ?? '';
  await breakOff(m, place, bytes, 700_000);
  const kept = Number(await offsetOf(m, place));
  assert.ok(kept <= 700_000);
  const { answer, sent } = await tusUpload(m, bytes, place);
  assert.equal(answer, digestOf(bytes));
  assert.ok(sent <= bytes.length - kept, `${sent} bytes were sent again`);
  assert.ok((await get(m, answer)).body.equals(bytes));
});

test('Bytes at a wrong offset are refused, and the upload goes on from the right one', async (t) => {
  const m = await startMasterUnderTest(t);
  const bytes = Buffer.from('abcdefgh');
  const place = (await beginUpload(m, 8)).headers.get('location') ?? '';
  assert.equal((await continueUpload(m, place, 0, bytes.subarray(0, 3))).status, 204);
  assert.equal((await continueUpload(m, place, 5, bytes.subarray(5))).status, 409);
  assert.equal(await offsetOf(m, place), '3');
  const done = await continueUpload(m, place, 3, bytes.subarray(3));
  assert.deepEqual([done.status, done.headers.get(uploadHeaders.sha256)], [204, digestOf(bytes)]);
});

test('Bytes that are not those that were announced are 460 and leave nothing behind', async (t) => {
  const m = await startMasterUnderTest(t);
  const begun = await beginUpload(m, 4, { sha256: 'a'.repeat(64) });
  const reply = await continueUpload(m, begun.headers.get('location') ?? '', 0, Buffer.from('abcd'));
  assert.equal(reply.status, 460);
  assert.match(reply.text, /"code":"checksum_mismatch".*have digest 88d4266f/);
  assert.deepEqual(uploadsOf(m), []);
  assert.equal((await get(m, 'a'.repeat(64))).status, 404);
});

test('An upload says its size, and a digest it announces is one', async (t) => {
  const m = await startMasterUnderTest(t);
  const headers = { 'tus-resumable': '1.0.0', 'upload-defer-length': '1' };
  const sizeless = await m.request('POST', '/files', { headers });
  assert.deepEqual([sizeless.status, /has to say its size/.test(sizeless.text)], [400, true]);
  const wrong = await beginUpload(m, 4, { sha256: 'no digest' });
  assert.deepEqual([wrong.status, /metadata sha256/.test(wrong.text)], [400, true]);
  assert.deepEqual(uploadsOf(m), []);
});

test('A file of no bytes is a file', async (t) => {
  const m = await startMasterUnderTest(t);
  const empty = digestOf(Buffer.alloc(0));
  const reply = await beginUpload(m, 0, { sha256: empty });
  assert.equal(reply.status, 201);
  const { status, body } = await get(m, empty);
  assert.deepEqual([status, body.length], [200, 0]);
  assert.equal((await get(m, empty, { range: 'bytes=0-' })).status, 416);
});

test('An upload whose first request holds all of its bytes is a file at once', async (t) => {
  const m = await startMasterUnderTest(t);
  const headers = { 'tus-resumable': '1.0.0', 'upload-length': '4', 'content-type': 'application/offset+octet-stream' };
  const reply = await m.request('POST', '/files', { body: 'film', headers });
  assert.deepEqual([reply.status, reply.headers.get(uploadHeaders.sha256)], [201, digestOf(Buffer.from('film'))]);
});

test('An upload that nobody continues for a day is swept, a younger one is not', async (t) => {
  const m = await startMasterUnderTest(t);
  const names: string[] = [];
  for (const hours of [25, 23]) {
    const name = (await beginUpload(m, 4)).headers.get('location')?.split('/').at(-1) ?? '';
    const path = join(m.dataDir, 'uploads', `${name}.json`);
    const begun = new Date(Date.now() - hours * 3_600_000).toISOString();
    writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, 'utf8')), creation_date: begun }));
    names.push(name);
  }
  await m.master.tidy();
  assert.deepEqual(uploadsOf(m).sort(), [names[1], `${names[1]}.json`].sort());
});

test('An upload is given up at will', async (t) => {
  const m = await startMasterUnderTest(t);
  const place = (await beginUpload(m, 4)).headers.get('location') ?? '';
  assert.equal(uploadsOf(m).length, 2);
  const gone = await m.request('DELETE', place, { headers: { 'tus-resumable': '1.0.0' } });
  assert.deepEqual([gone.status, uploadsOf(m)], [204, []]);
  assert.equal((await continueUpload(m, place, 0, Buffer.from('abcd'))).status, 404);
});

test('Files answer under /api too, and a place under one prefix works under the other', async (t) => {
  const m = await startMasterUnderTest(t);
  const bytes = Buffer.from('the same');
  const begun = await beginUpload(m, bytes.length, { prefix: '/api' });
  const place = begun.headers.get('location') ?? '';
  assert.equal((await continueUpload(m, `/api${place}`, 0, bytes)).status, 204);
  const { text } = await m.request('GET', `/api/files/${digestOf(bytes)}`);
  assert.equal(text, 'the same');
});

test('One range of a file is 206, several are the whole file, one outside is 416 with the size', async (t) => {
  const m = await startMasterUnderTest(t);
  const { sha256 } = await putFile(m, Buffer.from('0123456789'));
  const cases: [string, number, string, string | null][] = [
    ['bytes=0-3', 206, '0123', 'bytes 0-3/10'],
    ['bytes=7-', 206, '789', 'bytes 7-9/10'],
    ['bytes=-2', 206, '89', 'bytes 8-9/10'],
    ['bytes=0-999', 206, '0123456789', 'bytes 0-9/10'],
    ['bytes=-999', 206, '0123456789', 'bytes 0-9/10'],
    ['bytes=0-1,4-5', 200, '0123456789', null],
    ['bytes=x', 200, '0123456789', null],
    ['items=0-1', 200, '0123456789', null],
  ];
  for (const [range, status, text, contentRange] of cases) {
    const reply = await get(m, sha256, { range });
    assert.deepEqual(
      [reply.status, reply.body.toString(), reply.headers.get('content-range')],
      [status, text, contentRange],
      range,
    );
    assert.equal(reply.headers.get('content-length'), String(text.length), range);
  }
  for (const range of ['bytes=10-', 'bytes=5-2', 'bytes=-0']) {
    const reply = await get(m, sha256, { range });
    assert.deepEqual([reply.status, reply.headers.get('content-range')], [416, 'bytes */10'], range);
    assert.match(reply.body.toString(), /range_not_satisfiable/, range);
  }
});

test('A file that is known is 304, and a range of another version is the whole file', async (t) => {
  const m = await startMasterUnderTest(t);
  const { sha256 } = await putFile(m, Buffer.from('0123456789'));
  for (const tag of [`"${sha256}"`, `"x", "${sha256}"`, '*']) {
    const reply = await get(m, sha256, { 'if-none-match': tag });
    assert.deepEqual([reply.status, reply.body.length], [304, 0], tag);
  }
  assert.equal((await get(m, sha256, { 'if-none-match': '"other"' })).status, 200);
  const range = 'bytes=2-3';
  assert.equal((await get(m, sha256, { range, 'if-range': `"${sha256}"` })).status, 206);
  assert.equal((await get(m, sha256, { range, 'if-range': '"other"' })).status, 200);
  const head = await get(m, sha256, {}, 'HEAD');
  assert.deepEqual([head.status, head.headers.get('content-length'), head.body.length], [200, '10', 0]);
});

test('A digest alone opens no file: unknown ones and those of another tenant are both 404', async (t) => {
  const m = await startMasterUnderTest(t);
  const { sha256 } = await putFile(m, Buffer.from('ours'));
  const theirs = digestOf(Buffer.from('theirs'));
  await m.db.write(async (tx) => {
    await tx.run(insertFile, { sha256: theirs, bytes: 6, now: 0 });
    await tx.run(insertOwner, { tenant: 'another', sha256: theirs, now: 0 });
  });
  for (const digest of [theirs, 'f'.repeat(64)]) {
    assert.equal((await get(m, digest)).status, 404);
    const job = await m.request('POST', '/jobs', { body: { input: { sha256: digest } } });
    assert.equal(job.status, 404);
  }
  assert.equal((await get(m, sha256)).status, 200);
});

test('The same bytes uploaded twice are one file, and a node may read what a job needs', async (t) => {
  const m = await startMasterUnderTest(t);
  const node = await registerNode(m);
  const { sha256 } = await putFile(m, Buffer.from('film'));
  await putFile(m, Buffer.from('film'), { key: node.key });
  assert.deepEqual(readdirSync(join(m.dataDir, 'files', sha256.slice(0, 2))), [sha256]);
  const reply = await m.request('GET', `/files/${sha256}`, { key: node.key });
  assert.equal(reply.text, 'film');
});

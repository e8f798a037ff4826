import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { uploadHeaders } from '@ffrtmp/shared/contract/files';
import { openConnection } from './connect.ts';
import { uploadFile } from './transfer.ts';

test('Bytes that arrived at a master which died before it made them a file are sent once more', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'ffrtmp-test-'));
  const path = join(folder, 'film.mp4');
  writeFileSync(path, 'a film');
  const sha256 = createHash('sha256').update('a film').digest('hex');
  const calls: string[] = [];
  const server = createServer(async (request, reply) => {
    const { method, url } = request;
    calls.push(`${method} ${url?.replace(sha256, 'SHA256')}`);
    for await (const _ of request);
    reply.setHeader('tus-resumable', '1.0.0');
    const uploads = calls.filter((call) => call === 'POST /files').length;
    if (url === `/files/${sha256}`) reply.writeHead(404).end();
    else if (method === 'POST') reply.writeHead(201, { location: `/files/${uploads}` }).end();
    else if (method === 'HEAD') reply.writeHead(200, { 'upload-offset': '6', 'upload-length': '6' }).end();
    else if (uploads === 1) request.socket.destroy();
    else reply.writeHead(204, { 'upload-offset': '6', [uploadHeaders.sha256]: sha256 }).end();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const connection = openConnection({ url, key: 'a key', ca: undefined });
  t.after(async () => {
    await connection.close();
    server.closeAllConnections();
    server.close();
    rmSync(folder, { recursive: true });
  });
  assert.deepEqual(await uploadFile(connection, path), { sha256, bytes: 6 });
  assert.deepEqual(calls, [
    ...['HEAD /files/SHA256', 'POST /files', 'PATCH /files/1', 'HEAD /files/1', 'HEAD /files/SHA256'],
    ...['POST /files', 'PATCH /files/2'],
  ]);
});

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { systemTimers } from '@ffrtmp/runtime/clock';
import { openConnection } from '@ffrtmp/runtime/connect';
import { shipLog } from './log-shipper.ts';

const lease = { attempt_id: '01890000-0000-7000-8000-000000000001', token: 'token' };
const nodeId = '01890000-0000-7000-8000-000000000002';

/** The log operation on the wire, as docs/reference/api.md has it: repeats change nothing, gaps are answered 409. */
async function startLogServer(t: TestContext) {
  let stored = Buffer.alloc(0);
  const offsets: number[] = [];
  const faults: ('lose-reply' | 'fail')[] = [];
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const { offset, chunk } = JSON.parse(Buffer.concat(parts).toString()) as { offset: number; chunk: string };
    offsets.push(offset);
    const fault = faults.shift();
    const answer = (status: number, body: object) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    if (fault === 'fail') return void request.socket.destroy();
    if (offset > stored.length) {
      const error = { code: 'log_gap', message: 'a gap', details: { expected_offset: stored.length } };
      return answer(409, { error });
    }
    stored = Buffer.concat([stored, Buffer.from(chunk).subarray(stored.length - offset)]);
    if (fault === 'lose-reply') return void request.socket.destroy();
    return answer(200, { next_offset: stored.length });
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  const connection = openConnection({
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    key: 'key',
    ca: undefined,
  });
  t.after(async () => {
    await connection.close();
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
  });
  return {
    connection,
    text: () => stored.toString(),
    forget: (bytes: number) => (stored = stored.subarray(0, -bytes)),
    offsets,
    faults,
  };
}

test('A log arrives whole and once, in chunks that end on a line and never inside a character', async (t) => {
  const master = await startLogServer(t);
  const shipper = shipLog(
    { connection: master.connection, timers: systemTimers, nodeId },
    lease,
    new AbortController().signal,
  );
  const line = `${'ü'.repeat(99)}\n`;
  for (let count = 0; count < 2000; count += 1) shipper.write(line);
  await shipper.close();
  assert.equal(master.text(), line.repeat(2000));
  assert.ok(master.offsets.length > 1, 'it was more than one chunk');
  for (const offset of master.offsets) assert.equal(offset % Buffer.byteLength(line), 0, 'a chunk begins a line');
});

test('A chunk whose reply was lost is sent again and stands in the log once', async (t) => {
  const master = await startLogServer(t);
  const shipper = shipLog(
    { connection: master.connection, timers: systemTimers, nodeId },
    lease,
    new AbortController().signal,
  );
  master.faults.push('lose-reply');
  shipper.write('one\n');
  await shipper.close();
  const again = shipper.close;
  shipper.write('two\n');
  await again();
  assert.equal(master.text(), 'one\ntwo\n');
});

test('Both sides agree on the end of a log that the master lost in part', async (t) => {
  const master = await startLogServer(t);
  const shipper = shipLog(
    { connection: master.connection, timers: systemTimers, nodeId },
    lease,
    new AbortController().signal,
  );
  shipper.write('kept\nlost\n');
  await shipper.close();
  master.forget('lost\n'.length);
  shipper.write('more\n');
  await shipper.close();
  assert.equal(master.text(), 'kept\nmore\n');
});

test('What cannot be sent is kept up to a limit, and what is dropped beyond is counted', async (t) => {
  const master = await startLogServer(t);
  const shipper = shipLog(
    { connection: master.connection, timers: systemTimers, nodeId },
    lease,
    new AbortController().signal,
  );
  master.faults.push('fail');
  shipper.write('x'.repeat((4 << 20) + 1000));
  await shipper.close();
  await shipper.close();
  const text = master.text();
  assert.match(text, /^\n\[1000 bytes of the log were dropped while the master was away\]\nx+$/);
  assert.ok(text.length < (4 << 20) + 200);
});

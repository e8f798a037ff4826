import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { test } from 'node:test';
import { openConnection } from '@ffrtmp/runtime/connect';
import { listen } from '@ffrtmp/runtime/metrics-server';
import type { SseFrame } from './sse.ts';
import { followStream } from './stream.ts';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** A server that gives each call the next of its answers. */
async function serve(answers: readonly Answer[]) {
  const calls: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    calls.push(request);
    answers[Math.min(calls.length, answers.length) - 1]?.(request, response);
  });
  const port = await listen(server, '127.0.0.1', 0);
  const connection = openConnection({ url: `http://127.0.0.1:${port}`, key: 'k', ca: undefined });
  const close = async () => {
    await connection.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return { calls, connection, close };
}

const events =
  (text: string): Answer =>
  (_, response) =>
    response.writeHead(200, { 'content-type': 'text/event-stream' }).end(text);

async function dataOf(stream: AsyncIterable<SseFrame>): Promise<string[]> {
  const data: string[] = [];
  for await (const frame of stream) data.push(frame.data);
  return data;
}

test('a stream that breaks is resumed after the last event seen', async () => {
  const { calls, connection, close } = await serve([
    (_, response) => {
      response.writeHead(200).write('id: 4\ndata: one\n\ndata: two\n\n', () => response.destroy());
    },
    events('id: 5\ndata: three\n\n'),
  ]);
  const seen: string[] = [];
  const outages: string[] = [];
  const stream = followStream(connection, '/x', {
    signal: AbortSignal.timeout(10_000),
    isDone: () => seen.includes('three'),
    onOutage: (reason) => outages.push(reason),
  });
  for await (const frame of stream) seen.push(frame.data);
  assert.deepEqual(seen, ['one', 'two', 'three']);
  assert.deepEqual(
    calls.map((call) => call.headers['last-event-id']),
    [undefined, '4'],
  );
  assert.equal(outages.length, 1);
  await close();
});

test('a master that closes the stream while it drains is asked again', async () => {
  let asked = 0;
  const { calls, connection, close } = await serve([events('data: one\n\n'), events('data: two\n\n')]);
  const stream = followStream(connection, '/x', {
    signal: AbortSignal.timeout(10_000),
    isDone: async () => {
      asked += 1;
      return asked === 2;
    },
  });
  const seen = await dataOf(stream);
  assert.deepEqual(seen, ['one', 'two']);
  assert.equal(calls.length, 2);
  await close();
});

test('a refusal ends the stream with the error of the master', async () => {
  const { connection, close } = await serve([
    (_, response) =>
      response.writeHead(404).end(JSON.stringify({ error: { code: 'not_found', message: 'there is no job 9' } })),
  ]);
  const stream = followStream(connection, '/x', { signal: AbortSignal.timeout(10_000), isDone: () => false });
  await assert.rejects(dataOf(stream), { code: 'not_found', message: 'there is no job 9' });
  await close();
});

test('an abort ends the stream with the reason it carries', async () => {
  const controller = new AbortController();
  const { connection, close } = await serve([
    (_, response) => {
      response.writeHead(200).write('data: one\n\n');
    },
  ]);
  const stream = followStream(connection, '/x', { signal: controller.signal, isDone: () => false });
  assert.equal((await stream.next()).value?.data, 'one');
  controller.abort(new Error('enough'));
  await assert.rejects(stream.next(), /enough/);
  await close();
});

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import type { FastifyReply } from 'fastify';
import { createApp } from './app.ts';
import { type EventStream, lastEventId, openEventStream } from './events.ts';

/** A server whose one route hands its reply over, and a client of it. */
async function connect(t: TestContext): Promise<{ reply: FastifyReply; call: ClientRequest }> {
  const app = createApp({ identify: () => undefined, tls: null, log: { error: () => undefined } });
  // A reply is a thenable, so it is handed over inside an object.
  const arrived = Promise.withResolvers<{ reply: FastifyReply }>();
  app.get('/', (_request, reply) => {
    arrived.resolve({ reply: reply.hijack() });
  });
  await app.listen({ host: '127.0.0.1', port: 0 });
  t.after(() => app.close());
  const call = request({ port: (app.server.address() as AddressInfo).port });
  call.on('error', () => undefined).end();
  return { ...(await arrived.promise), call };
}

async function open(t: TestContext): Promise<{ stream: EventStream; response: IncomingMessage }> {
  const { reply, call } = await connect(t);
  const stream = openEventStream(reply);
  const [response] = (await once(call, 'response')) as [IncomingMessage];
  return { stream, response };
}

const large = { event: 'event', data: 'x'.repeat(1 << 20) };

test('An event is its id, its name and its data, and the end of the stream is the end of the reply', async (t) => {
  const { stream, response } = await open(t);
  stream.send({ event: 'job', data: { text: 'a\nb' }, id: 7 });
  stream.send({ event: 'progress', data: 1 });
  stream.end();
  stream.send({ event: 'late', data: 1 });
  const text = (await response.setEncoding('utf8').toArray()).join('');
  assert.equal(text, ': open\n\nid: 7\nevent: job\ndata: {"text":"a\\nb"}\n\nevent: progress\ndata: 1\n\n');
  await stream.closed;
});

test('A reader that stops reading is cut off at the limit of the backlog, and memory holds no more than that', async (t) => {
  const { stream, response } = await open(t);
  response.pause();
  response.on('error', () => undefined);
  for (let sent = 0; sent < 64; sent += 1) stream.send(large);
  await stream.closed;
  assert.equal(await stream.drained(), false);
});

test('Who waits for the reader between events may send any amount', async (t) => {
  const { stream, response } = await open(t);
  let bytes = 0;
  response.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
  });
  for (let sent = 0; sent < 24; sent += 1) {
    stream.send(large);
    assert.equal(await stream.drained(), true);
  }
  stream.end();
  await once(response, 'end');
  assert.ok(bytes > 24 << 20);
});

test('A client that left ends the stream, also when it left before the stream was opened', async (t) => {
  const { stream, response } = await open(t);
  response.destroy();
  await stream.closed;
  const early = await connect(t);
  const left = once(early.reply.raw, 'close');
  early.call.destroy();
  await left;
  await openEventStream(early.reply).closed;
});

test('A stream is resumed after a number of at most 15 digits, and after nothing else', () => {
  assert.equal(lastEventId({ 'last-event-id': '42' }), 42);
  for (const text of ['', '-1', '1.5', 'x', '1'.repeat(16), undefined, ['1']])
    assert.equal(lastEventId({ 'last-event-id': text }), undefined, String(text));
});

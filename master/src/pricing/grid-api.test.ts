import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { askGrid } from './grid-api.ts';

type Answer = (request: IncomingMessage, reply: ServerResponse) => void;

/** A server that answers as it is told, and how to ask it. */
async function gridThat(t: TestContext, answer: Answer) {
  const server = createServer(answer);
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v3`;
  return (limits?: Parameters<typeof askGrid>[2]) => askGrid(fetch, { url, zone: 'DE', token: 'a-token' }, limits);
}

const sends =
  (body: unknown, status = 200): Answer =>
  (_request, reply) => {
    reply
      .writeHead(status, { 'content-type': 'application/json' })
      .end(typeof body === 'string' ? body : JSON.stringify(body));
  };
const good = {
  zone: 'DE',
  carbonIntensity: 302,
  datetime: '2026-11-20T12:00:00.000Z',
  updatedAt: '2026-11-20T11:41:02.000Z',
  emissionFactorType: 'lifecycle',
  isEstimated: true,
  estimationMethod: 'TIME_SLICER_AVERAGE',
};

test('It asks for the zone with its token and says where the value is from', async (t) => {
  let asked: IncomingMessage | undefined;
  const ask = await gridThat(t, (request, reply) => {
    asked = request;
    sends(good)(request, reply);
  });
  const { gPerKwh, label } = await ask();
  assert.equal(gPerKwh, 302);
  assert.match(label, /^average, lifecycle, estimated there, zone DE, 127\.0\.0\.1:\d+ 2026$/);
  assert.deepEqual([asked?.url, asked?.headers['auth-token']], ['/v3/carbon-intensity/latest?zone=DE', 'a-token']);
});

test('What is no intensity is refused with a reason, whatever a broken server sends', async (t) => {
  const wrong: [Answer, RegExp][] = [
    [sends('', 500), /answered 500/],
    [sends(good, 429), /answered 429/],
    [sends('<html>502 Bad Gateway</html>'), /no JSON/],
    [sends(''), /no JSON/],
    [sends({}), /carbonIntensity/],
    [sends([]), /something else/],
    [sends('null'), /something else/],
    [sends({ ...good, carbonIntensity: -5 }), /carbonIntensity/],
    [sends({ ...good, carbonIntensity: 'NaN' }), /carbonIntensity/],
    [sends('{"carbonIntensity": 1e999}'), /carbonIntensity/],
    [sends({ ...good, carbonIntensity: 99_999 }), /carbonIntensity/],
    [sends({ ...good, carbonIntensity: null }), /carbonIntensity/],
    [sends(JSON.stringify({ ...good, padding: 'x'.repeat(70_000) })), /more than 64 KiB/],
    [(_request, reply) => reply.writeHead(302, { location: 'http://127.0.0.1:1/' }).end(), /cannot be reached/],
    [(request) => request.socket.destroy(), /cannot be reached/],
  ];
  for (const [answer, message] of wrong) {
    const ask = await gridThat(t, answer);
    await assert.rejects(ask(), { code: 'unavailable', message });
  }
});

test('A server that says nothing is given up, and a master that stops does not wait for it', async (t) => {
  const ask = await gridThat(t, () => undefined);
  const stop = new AbortController();
  const asked = ask({ signal: stop.signal });
  stop.abort();
  await assert.rejects(asked, { code: 'unavailable', message: /cannot be reached/ });
  await assert.rejects(ask({ timeoutMs: 20 }), { code: 'unavailable', message: /did not answer within 0\.02 s/ });
});

import assert from 'node:assert/strict';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { openConnection } from '@ffrtmp/runtime/connect';
import { createLogger } from '@ffrtmp/runtime/log';
import { startClaims } from './claims.ts';
import type { Held } from './held.ts';

const nodeId = '01890000-0000-7000-8000-000000000001';
const attemptId = '01890000-0000-7000-8000-000000000002';
const nothing = { jobs: [], job: null, orders: [], drain: false };

interface Call {
  query: URLSearchParams;
  answer: (body: object, status?: number) => void;
  cut: () => void;
}

/** The claim operation on the wire: each call waits until the test answers it or cuts it off. */
async function startClaimServer(t: TestContext) {
  const calls: Call[] = [];
  let arrival = Promise.withResolvers<void>();
  const server = createServer((request, response: ServerResponse) => {
    calls.push({
      query: new URL(request.url ?? '', 'http://master').searchParams,
      answer: (body, status = 200) =>
        void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body)),
      cut: () => void request.socket.destroy(),
    });
    arrival.resolve();
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const connection = openConnection({ url, key: 'key', ca: undefined });
  t.after(async () => {
    await connection.close();
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
  });
  const next = async (): Promise<Call> => {
    if (calls.length === 0) await arrival.promise;
    arrival = Promise.withResolvers<void>();
    return calls.shift() as Call;
  };
  return { connection, next };
}

async function startAgentClaims(t: TestContext, slots: { free: number }) {
  const master = await startClaimServer(t);
  const held = new Map<string, Held>();
  const revoked: unknown[] = [];
  const parts = {
    connection: master.connection,
    nodeId,
    held,
    pollMs: 100,
    log: createLogger('test', 'silent'),
    onRevoked: (error: unknown) => void revoked.push(error),
  };
  const claims = startClaims(parts, { accept: () => undefined, freeSlots: () => slots.free });
  return { claims, held, revoked, next: master.next };
}

test('A claim whose reply was lost is repeated under its id, and the next one has an id of its own', async (t) => {
  const { claims, next } = await startAgentClaims(t, { free: 2 });
  const first = await next();
  assert.deepEqual([first.query.get('node_id'), first.query.get('slots')], [nodeId, '2']);
  first.cut();
  const again = await next();
  assert.equal(again.query.get('claim_id'), first.query.get('claim_id'));
  again.answer(nothing);
  const second = await next();
  assert.notEqual(second.query.get('claim_id'), first.query.get('claim_id'));
  const stopping = claims.stop();
  (await next()).answer(nothing);
  await stopping;
});

test('An agent that stops names what it holds, so that work in a cut-off reply goes back at once', async (t) => {
  const { claims, held, next } = await startAgentClaims(t, { free: 1 });
  const parked = await next();
  held.set(attemptId, { done: Promise.resolve() } as Held);
  const stopping = claims.stop();
  const goodbye = await next();
  assert.notEqual(goodbye.query.get('claim_id'), parked.query.get('claim_id'), 'the old id would bring the work again');
  assert.deepEqual(
    ['slots', 'wait', 'held'].map((name) => goodbye.query.get(name)),
    ['0', '0', attemptId],
  );
  goodbye.cut();
  await stopping;
});

test('A parked claim is dropped when a slot becomes free only if it could bring no work', async (t) => {
  const slots = { free: 0 };
  const { claims, next } = await startAgentClaims(t, slots);
  assert.equal((await next()).query.get('slots'), '0');
  slots.free = 1;
  claims.changed();
  const working = await next();
  assert.equal(working.query.get('slots'), '1');
  claims.changed();
  working.answer(nothing);
  const stopping = next().then((call) => call.query.get('slots'));
  assert.equal(await stopping, '1', 'the claim for work was answered, not dropped');
  const stopped = claims.stop();
  (await next()).answer(nothing);
  await stopped;
});

test('A refused credential is reported, and an order of the master reaches the attempt it names', async (t) => {
  const { claims, held, revoked, next } = await startAgentClaims(t, { free: 1 });
  const ended: string[] = [];
  const over = Promise.withResolvers<void>();
  const end = (cause: string) => {
    ended.push(cause);
    over.resolve();
  };
  held.set(attemptId, { end, done: over.promise } as unknown as Held);
  (await next()).answer({ ...nothing, orders: [{ kind: 'cancel', attempt_id: attemptId }] });
  const refused = await next();
  assert.deepEqual(ended, ['canceled']);
  refused.answer({ error: { code: 'unauthorized', message: 'the key was revoked' } }, 401);
  (await next()).answer(nothing);
  assert.equal((revoked[0] as { code?: string }).code, 'unauthorized');
  const stopping = claims.stop();
  (await next()).answer(nothing);
  await stopping;
});

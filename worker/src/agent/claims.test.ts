import assert from 'node:assert/strict';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { systemClock, systemTimers } from '@ffrtmp/runtime/clock';
import { openConnection } from '@ffrtmp/runtime/connect';
import { newId } from '@ffrtmp/runtime/id';
import { createLogger } from '@ffrtmp/runtime/log';
import { type Claimed, type claimedSchema, MAX_CLAIM_SLOTS } from '@ffrtmp/shared/contract/dispatch';
import { resolveEncode } from '@ffrtmp/shared/job/resolve';
import type { z } from 'zod';
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
    clock: systemClock,
    timers: systemTimers,
    random: Math.random,
    newId,
    nodeId,
    held,
    pollMs: 100,
    log: createLogger('test', 'silent'),
    onRevoked: (error: unknown) => void revoked.push(error),
  };
  const accepted: string[] = [];
  const accept = ({ lease }: Claimed) => void accepted.push(lease.attempt_id);
  const claims = startClaims(parts, { accept, freeSlots: () => slots.free });
  return { claims, held, revoked, accepted, next: master.next };
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

/** A task as it comes with a claim; nothing here runs it. */
function claimedWith(attempt: string): z.input<typeof claimedSchema> {
  const none = { node_id: null, node_name: null, error: null, failure_class: null, quarantined: false };
  const ids = { id: attemptId, sequence_number: 1, tenant_id: 'default', traceparent: null };
  const words = { name: null, scenario: '', confidence: 'auto', engine: 'auto', classification: 'test' } as const;
  const place = { queue: 'live', priority: 'high', weight: 30, retry_count: 0, max_retries: 3 } as const;
  const times = { created_at: '2026-11-20T12:00:00Z', started_at: null, completed_at: null, not_before: null };
  const { encode } = resolveEncode({ scenario: '360p-h264', parameters: {}, hasInput: true });
  const files = { input: null, generate: null, outputs: [], parameters: {}, labels: {}, warnings: [] };
  const rest = { limits: null, quality: null, status: 'running', progress: null, encode } as const;
  return {
    job: { ...ids, ...words, ...place, ...none, ...times, ...files, ...rest },
    task: {
      ...{ id: attemptId, job_id: attemptId, kind: 'transcode', mode: 'finite', state: 'active', required: true },
      ...{ needs: [], inputs: [], outputs: [], attempts: 1, failures: 0, losses: 0, due_at: null },
      requirement: { engine: 'ffmpeg', encoder: null },
      spec: { kind: 'transcode', encode, generate: null, output_name: 'a.mp4', keep_source: false, limits: null },
    },
    lease: { attempt_id: attempt, attempt: 1, token: 'token', lease_ms: 45_000, cpu_threads: 1 },
  };
}

test('Every task of one reply begins, also when that reply was lost before and is repeated', async (t) => {
  const slots = { free: 3 };
  const { claims, accepted, next } = await startAgentClaims(t, slots);
  const attempts = ['a', 'b', 'c'].map((end) => attemptId.slice(0, -1) + end);
  const [first] = attempts.map(claimedWith);
  const lost = await next();
  lost.cut();
  const again = await next();
  assert.equal(again.query.get('claim_id'), lost.query.get('claim_id'));
  assert.deepEqual(accepted, []);
  again.answer({ ...nothing, jobs: attempts.map(claimedWith), job: first?.job });
  slots.free = 0;
  assert.equal((await next()).query.get('slots'), '0');
  assert.deepEqual(accepted, attempts);
  const stopping = claims.stop();
  (await next()).answer(nothing);
  await stopping;
});

test('A claim asks for no more than one may bring', async (t) => {
  const { claims, next } = await startAgentClaims(t, { free: MAX_CLAIM_SLOTS + 36 });
  assert.equal((await next()).query.get('slots'), String(MAX_CLAIM_SLOTS));
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

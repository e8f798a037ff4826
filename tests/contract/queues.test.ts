import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { jobOperations } from '@ffrtmp/shared/contract/jobs';
import { queueOperations } from '@ffrtmp/shared/contract/queues';
import type { Job, Queue } from '@ffrtmp/shared/job/job';
import { openScope } from '../support/scope.ts';
import { registerNode } from './fake-node.ts';
import { type MasterUnderTest, startMasterIn, startMasterUnderTest } from './master-under-test.ts';

const ids = (reply: { jobs: { job: Job }[] }) => reply.jobs.map(({ job }) => job.id);
const codeOf = (reply: { json: unknown }) => (reply.json as { error: { code: string } }).error.code;
const stateOf = async (m: MasterUnderTest, queue: Queue) =>
  (await m.client.call(queueOperations.list, {})).queues.find((one) => one.queue === queue);
const cap = (m: MasterUnderTest, queue: Queue, body: { max_running?: number | null; max_queued?: number | null }) =>
  m.client.call(queueOperations.update, { params: { queue }, body });
const pause = (m: MasterUnderTest, queue: Queue) => m.client.call(queueOperations.pause, { params: { queue } });
const resume = (m: MasterUnderTest, queue: Queue) => m.client.call(queueOperations.resume, { params: { queue } });
const why = (m: MasterUnderTest, id: string) => m.client.call(jobOperations.why, { params: { id } });
/** How long a parked claim may take to be answered where nobody waits for its end. */
const AT_ONCE_MS = 10_000;

test('The queues say what waits and runs, by priority, and how long the oldest has waited', async (t) => {
  const m = await startMasterUnderTest(t);
  const node = await registerNode(m, 'n', { slots: 2 });
  const empty = await m.client.call(queueOperations.list, {});
  assert.deepEqual([empty.order, empty.queues.map((one) => one.queue)], ['strict', ['live', 'default', 'batch']]);
  assert.deepEqual([empty.queues[0]?.ready, empty.queues[0]?.oldest_wait_s], [0, null]);
  for (const priority of ['high', 'low', 'low'] as const) await m.submit({ queue: 'live', priority });
  m.clock.advance(60_000);
  const running = await node.take();
  const state = await stateOf(m, 'live');
  assert.deepEqual([state?.ready, state?.running], [2, 1]);
  assert.deepEqual(state?.priorities, [
    { priority: 'high', ready: 0, running: 1 },
    { priority: 'medium', ready: 0, running: 0 },
    { priority: 'low', ready: 2, running: 0 },
  ]);
  assert.ok((state?.oldest_wait_s ?? 0) >= 60 && (state?.oldest_wait_s ?? 0) < 120, `${state?.oldest_wait_s} s`);
  await node.finish(running);
  assert.equal((await stateOf(m, 'live'))?.running, 0);
});

test('The oldest wait is that of a task that is there: a canceled head leaves no shadow', async (t) => {
  const m = await startMasterUnderTest(t);
  const old = await m.submit({ queue: 'batch' });
  m.clock.advance(3_600_000);
  await m.request('POST', `/jobs/${old.id}/cancel`);
  await m.submit({ queue: 'batch' });
  assert.ok(((await stateOf(m, 'batch'))?.oldest_wait_s ?? 99) < 60);
});

test('A paused queue starts nothing, says so, and leaves the others alone; what runs goes on', async (t) => {
  const m = await startMasterUnderTest(t);
  const node = await registerNode(m, 'n', { slots: 4 });
  await m.submit({ queue: 'live' });
  const running = await node.take();
  assert.equal((await pause(m, 'live')).paused, true);
  const held = await m.submit({ queue: 'live' });
  const free = await m.submit({ queue: 'batch' });
  assert.deepEqual(ids(await node.claim({ slots: 4 })), [free.id]);
  assert.equal((await why(m, held.id)).reason, 'queue_paused');
  assert.equal((await node.finish(running)).job_status, 'completed');
  assert.deepEqual(ids(await node.claim()), []);
});

test('A parked node is woken when the pause of a queue ends', async (t) => {
  const m = await startMasterUnderTest(t);
  const node = await registerNode(m);
  await pause(m, 'default');
  const job = await m.submit();
  const parked = node.claim({ wait: 30 });
  await node.heartbeat();
  const started = performance.now();
  await resume(m, 'default');
  assert.deepEqual(ids(await parked), [job.id]);
  assert.ok(performance.now() - started < AT_ONCE_MS);
});

test('A cap on running attempts holds, however many nodes claim at once, and counts each queue for itself', async (t) => {
  const m = await startMasterUnderTest(t);
  const nodes = await Promise.all(['a', 'b', 'c'].map((name) => registerNode(m, name, { slots: 4 })));
  await cap(m, 'default', { max_running: 2 });
  for (let n = 0; n < 6; n += 1) await m.submit();
  const other = await m.submit({ queue: 'batch' });
  const replies = await Promise.all(nodes.map((node) => node.claim({ slots: 4 })));
  const taken = replies.flatMap(ids);
  assert.equal(taken.length, 3);
  assert.ok(taken.includes(other.id));
  assert.equal((await stateOf(m, 'default'))?.running, 2);
  const [waiting] = (await m.client.call(jobOperations.list, { query: { status: 'pending' } })).jobs;
  const reason = await why(m, waiting?.id ?? '');
  assert.deepEqual([reason.reason, reason.message], ['queue_full', 'the queue default runs 2 attempts and may run 2']);
});

test('When an attempt below a cap ends, a node parked elsewhere is woken for the next', async (t) => {
  const m = await startMasterUnderTest(t);
  const [busy, idle] = [await registerNode(m, 'busy'), await registerNode(m, 'idle')];
  await cap(m, 'default', { max_running: 1 });
  await m.submit();
  const next = await m.submit();
  const running = await busy.take();
  const parked = idle.claim({ wait: 30 });
  await idle.heartbeat();
  const started = performance.now();
  await busy.finish(running);
  assert.deepEqual(ids(await parked), [next.id]);
  assert.ok(performance.now() - started < AT_ONCE_MS);
});

test('A parked node is woken when a cap is lifted', async (t) => {
  const m = await startMasterUnderTest(t);
  const node = await registerNode(m);
  await cap(m, 'default', { max_running: 0 });
  const job = await m.submit();
  const parked = node.claim({ wait: 30 });
  await node.heartbeat();
  const started = performance.now();
  assert.equal((await cap(m, 'default', { max_running: null })).max_running, null);
  assert.deepEqual(ids(await parked), [job.id]);
  assert.ok(performance.now() - started < AT_ONCE_MS);
});

test('A full queue answers 429 with a time to come again, stores nothing of the call, and takes work again once some ran', async (t) => {
  const m = await startMasterUnderTest(t);
  const node = await registerNode(m, 'n', { slots: 4 });
  await cap(m, 'default', { max_queued: 3 });
  await m.submit();
  await m.submit();
  const refused = await m.request('POST', '/jobs', { body: [{}, {}] });
  assert.deepEqual([refused.status, codeOf(refused)], [429, 'queue_full']);
  assert.match(refused.headers.get('retry-after') ?? '', /^[1-9]\d*$/);
  assert.deepEqual((refused.json as { error: { details: unknown } }).error.details, {
    ...{ queue: 'default', ready: 2, max_queued: 3 },
  });
  assert.equal((await m.client.call(jobOperations.list, { query: {} })).jobs.length, 2, 'not half of it');
  await m.submit({ queue: 'live' });
  await m.submit();
  assert.equal((await m.request('POST', '/jobs', { body: {} })).status, 429);
  await node.take();
  await node.take();
  assert.equal((await m.request('POST', '/jobs', { body: {} })).status, 201);
});

test('Submits that share a commit do not slip past the cap together', async (t) => {
  const m = await startMasterUnderTest(t);
  await cap(m, 'default', { max_queued: 5 });
  const held = m.holdWrites();
  const replies = await Promise.all(Array.from({ length: 20 }, () => m.request('POST', '/jobs', { body: {} })));
  await held;
  const made = replies.filter(({ status }) => status === 201).length;
  assert.deepEqual([made, replies.length - made], [5, replies.filter(({ status }) => status === 429).length]);
  assert.equal((await stateOf(m, 'default'))?.ready, 5);
});

test('What was accepted before the queue was full is answered again under its Idempotency-Key', async (t) => {
  const m = await startMasterUnderTest(t);
  await cap(m, 'default', { max_queued: 1 });
  const send = () => m.request('POST', '/jobs', { body: {}, headers: { 'idempotency-key': 'k' } });
  const [first, again] = [await send(), await send()];
  assert.deepEqual([first.status, again.status], [201, 201]);
  assert.equal((again.json as Job).id, (first.json as Job).id);
});

test('Pauses and caps outlive a restart of the master', async (t) => {
  const scope = openScope(t);
  const db = join(scope.dir, 'queues.db');
  const flags = ['--api-key', 'a-key-that-both-know'];
  const first = await startMasterIn(scope, { db, flags });
  const firstAdmin = { client: first.as('a-key-that-both-know') };
  await firstAdmin.client.call(queueOperations.pause, { params: { queue: 'batch' } });
  await firstAdmin.client.call(queueOperations.update, { params: { queue: 'live' }, body: { max_running: 7 } });
  await first.stop();
  const second = await startMasterIn(scope, { db, flags, dataDir: first.dataDir });
  const { queues } = await second.as('a-key-that-both-know').call(queueOperations.list, {});
  assert.deepEqual(
    queues.map(({ paused, max_running }) => [paused, max_running]),
    [
      [false, 7],
      [false, null],
      [true, null],
    ],
  );
});

test('Who may submit may not change a queue; an unknown queue and a senseless cap are refused', async (t) => {
  const m = await startMasterUnderTest(t);
  const key = await m.key('submitter');
  const patch = (path: string, body?: unknown, as?: string) =>
    m.request('PATCH', path, { body, ...(as ? { key: as } : {}) });
  assert.equal((await patch('/queues/live', { max_running: 1 }, key)).status, 403);
  assert.equal((await m.request('POST', '/queues/live/pause', { key })).status, 403);
  assert.equal((await m.request('POST', '/queues/slow/pause')).status, 400);
  for (const body of [{}, { max_running: -1 }, { max_running: 1.5 }, { max_queued: 'many' }, { max: 1 }])
    assert.deepEqual([(await patch('/queues/live', body)).status], [400], JSON.stringify(body));
  assert.equal((await stateOf(m, 'live'))?.max_running, null);
});

test('In weighted order 10/5/1 times 3/2/1 decides, and waiting lifts what has waited, but batch never above live', async (t) => {
  const m = await startMasterUnderTest(t, { flags: ['--queue-order', 'weighted', '--aging-step', '10m'] });
  const node = await registerNode(m, 'n', { slots: 20, cpu_threads: 40 });
  const batch = await m.submit({ queue: 'batch', priority: 'low' });
  const low = await m.submit({ queue: 'default', priority: 'low' });
  m.clock.advance(5 * 600_000);
  const high = await m.submit({ queue: 'default', priority: 'high' });
  const liveLow = await m.submit({ queue: 'live', priority: 'low' });
  const liveHigh = await m.submit({ queue: 'live', priority: 'high' });
  // The low one has risen by five ranks to the first, where the older of two equals goes first.
  const order = ids(await node.claim({ slots: 20 }));
  assert.deepEqual(order, [low.id, liveHigh.id, high.id, liveLow.id, batch.id]);
});

test('In strict order nothing ages: live goes first, however long the rest has waited', async (t) => {
  const m = await startMasterUnderTest(t);
  const node = await registerNode(m, 'n', { slots: 9, cpu_threads: 9 });
  const old = await m.submit({ queue: 'batch' });
  m.clock.advance(7 * 24 * 3_600_000);
  const fresh = await m.submit({ queue: 'live', priority: 'low' });
  assert.deepEqual(ids(await node.claim({ slots: 9 })), [fresh.id, old.id]);
});

test('A job that waited for its time has not waited for its turn', async (t) => {
  const m = await startMasterUnderTest(t, { flags: ['--queue-order', 'weighted'] });
  const node = await registerNode(m, 'n', { slots: 9, cpu_threads: 9 });
  const late = await m.submit({
    queue: 'default',
    priority: 'low',
    not_before: new Date(m.clock.now() + 24 * 3_600_000).toISOString(),
  });
  m.clock.advance(24 * 3_600_000 + 1000);
  await m.master.sweep();
  const urgent = await m.submit({ queue: 'live', priority: 'high' });
  assert.deepEqual(ids(await node.claim({ slots: 9 })), [urgent.id, late.id]);
  assert.ok(((await stateOf(m, 'default'))?.oldest_wait_s ?? 0) < 60);
});

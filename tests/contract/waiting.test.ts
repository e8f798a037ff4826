import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { jobOperations } from '@ffrtmp/shared/contract/jobs';
import { nodeOperations } from '@ffrtmp/shared/contract/nodes';
import { queueOperations } from '@ffrtmp/shared/contract/queues';
import type { JobRequestInput, Why } from '@ffrtmp/shared/job/job';
import { NODE_OFFLINE_MS } from '@ffrtmp/shared/node/node';
import { openScope, type Scope } from '../support/scope.ts';
import { registerNode } from './fake-node.ts';
import { type MasterUnderTest, startMasterIn, startMasterUnderTest, withoutFile } from './master-under-test.ts';

const why = (m: MasterUnderTest, id: string): Promise<Why> =>
  m.client.call(jobOperations.why, { params: { id } }) as Promise<Why>;
const inFuture = (m: MasterUnderTest, ms: number) => new Date(m.clock.now() + ms).toISOString();

test('A job that waits says why: no node, no node online, no encoder, no free resources, ready, running, ended', async (t) => {
  const m = await startMasterUnderTest(t);
  const job = await m.submit();
  assert.match((await why(m, job.id)).message, /^no node is connected \(none is registered\): start an agent$/);
  const broken = { name: 'libx264', works: false, fps: null, reason: 'Unknown encoder' };
  const node = await registerNode(m, 'node-a', { encoders: [broken] });
  const missing = await why(m, job.id);
  assert.equal(missing.reason, 'no_encoder');
  assert.equal(missing.message, 'no connected node has the encoder libx264 (1 looked at)');
  assert.equal(missing.details.encoder, 'libx264');
  assert.deepEqual(missing.details.nodes, { 'node-a': 'has no working libx264: Unknown encoder' });
  m.clock.advance(NODE_OFFLINE_MS);
  const offline = await why(m, job.id);
  assert.deepEqual(
    [offline.reason, offline.message],
    ['no_node', 'no node is connected (1 registered, all offline): start an agent'],
  );
  const able = await registerNode(m, 'node-b');
  assert.equal((await why(m, job.id)).reason, 'ready');
  await able.take();
  const running = await why(m, job.id);
  assert.deepEqual([running.reason, running.message], ['running', 'its transcode task runs on node-b']);
  const second = await m.submit();
  assert.match((await why(m, second.id)).message, /^the only node that could run it \(\S+\) is busy; it is next$/);
  await m.client.call(nodeOperations.drain, { params: { id: able.id } });
  assert.match((await why(m, second.id)).message, /busy or draining \(1\); it is next$/);
  await m.request('POST', `/jobs/${job.id}/cancel`);
  assert.deepEqual([(await why(m, job.id)).reason, (await why(m, job.id)).message], ['ended', 'the job is canceled']);
  await node.heartbeat();
});

test('The reason stands on the job itself while it waits, and not once it has ended', async (t) => {
  const m = await startMasterUnderTest(t);
  const job = await m.submit();
  assert.equal((await m.job(job.id)).why?.reason, 'no_node');
  await m.request('POST', `/jobs/${job.id}/cancel`);
  assert.equal((await m.job(job.id)).why, null);
});

test('A job that is held says by what: paused, not before a time, or a retry delay', async (t) => {
  const m = await startMasterUnderTest(t, { random: () => 1 });
  const node = await registerNode(m);
  const paused = await m.submit();
  await m.request('POST', `/jobs/${paused.id}/pause`);
  assert.deepEqual(await why(m, paused.id), {
    reason: 'paused',
    message: 'the job is paused: resume it to go on',
    details: {},
  });
  const time = inFuture(m, 3_600_000);
  const held = await m.submit({ not_before: time });
  assert.deepEqual(
    [(await why(m, held.id)).reason, (await why(m, held.id)).message],
    ['not_before', `not before ${time}`],
  );
  const failing = await m.submit({ quality: {} });
  await node.finish(await node.take(), { status: 'failed', failure_class: 'resource', error: 'no memory' });
  assert.match((await why(m, failing.id)).message, /^the next attempt waits until \d{4}-/);
});

test('A job held by not_before is not handed out before its time and is claimed right after it', async (t) => {
  const m = await startMasterUnderTest(t);
  const node = await registerNode(m);
  const job = await m.submit({ not_before: inFuture(m, 60_000) });
  assert.deepEqual((await node.claim()).jobs, []);
  m.clock.advance(59_000);
  await m.master.sweep();
  assert.deepEqual((await node.claim()).jobs, []);
  m.clock.advance(1001);
  await m.master.sweep();
  assert.equal((await node.take()).job.id, job.id);
});

test('The alarm releases a held job by itself and wakes the node that is parked for it', async (t) => {
  const m = await startMasterUnderTest(t);
  const node = await registerNode(m);
  const parked = node.claim({ wait: 30 });
  const time = m.clock.now() + 300;
  await m.submit({ not_before: new Date(time).toISOString() });
  const { jobs } = await parked;
  const late = m.clock.now() - time;
  assert.equal(jobs.length, 1);
  assert.ok(late >= 0 && late < 2000, `claimed ${late} ms after its time`);
});

test('A time that has passed holds nothing', async (t) => {
  const m = await startMasterUnderTest(t);
  const node = await registerNode(m);
  const job = await m.submit({ not_before: '2020-01-01T00:00:00+02:00' });
  assert.equal((await node.take()).job.id, job.id);
});

for (const [verb, undo] of [
  ['pause', 'resume'],
  ['cancel', 'retry'],
] as const) {
  test(`not_before outlives ${verb} and ${undo}`, async (t) => {
    const m = await startMasterUnderTest(t);
    const node = await registerNode(m);
    const job = await m.submit({ not_before: inFuture(m, 60_000) });
    await m.request('POST', `/jobs/${job.id}/${verb}`);
    await m.request('POST', `/jobs/${job.id}/${undo}`);
    assert.deepEqual((await node.claim()).jobs, []);
    assert.equal((await why(m, job.id)).reason, 'not_before');
    m.clock.advance(60_001);
    await m.master.sweep();
    assert.equal((await node.take()).job.id, job.id);
  });
}

test('Whoever waits for a turn is told how many stand before it: better ranks as a whole, older tasks of its own', async (t) => {
  const m = await startMasterUnderTest(t);
  const node = await registerNode(m, 'n', {
    encoders: ['libx264', 'libx265'].map((name) => ({ name, works: true, fps: 1, reason: null })),
  });
  const submit = (request: JobRequestInput, count: number) =>
    Promise.all(Array.from({ length: count }, () => m.submit(request)));
  await submit({ queue: 'live' }, 2);
  await submit({ queue: 'live', priority: 'low', scenario: '360p-h265' }, 1);
  const [own] = [await submit({ priority: 'high', scenario: '360p-h265' }, 3), await submit({ priority: 'high' }, 4)];
  const last = await m.submit({ priority: 'high' });
  await submit({ priority: 'high' }, 2);
  await submit({ queue: 'batch' }, 5);
  const turn = await why(m, last.id);
  assert.deepEqual([turn.reason, turn.details], ['turn', { nodes: ['n'], ahead: 10 }]);
  assert.equal(turn.message, '10 ready tasks stand before it; n can run it');
  assert.equal((await why(m, own[0]?.id ?? '')).details.ahead, 3);
  await m.client.call(queueOperations.pause, { params: { queue: 'live' } });
  assert.equal((await why(m, last.id)).details.ahead, 7, 'a paused queue stands before nobody');
  assert.equal((await why(m, own[0]?.id ?? '')).reason, 'ready');
  await node.heartbeat();
});

test('A task that avoids the node it failed on is not called ready because that node is free', async (t) => {
  const m = await startMasterUnderTest(t, { random: () => 0 });
  const [failing, other] = [await registerNode(m, 'failing'), await registerNode(m, 'other')];
  await m.submit();
  await other.take();
  const job = await m.submit();
  await failing.finish(await failing.take(), {
    status: 'failed',
    failure_class: 'infrastructure',
    error: 'no network',
  });
  assert.equal((await why(m, job.id)).reason, 'no_free_resources');
  assert.deepEqual((await failing.claim()).jobs, []);
  await m.client.call(nodeOperations.drain, { params: { id: other.id } });
  assert.equal((await why(m, job.id)).reason, 'ready');
  assert.equal((await failing.take()).job.id, job.id);
});

/** A store with so many copies of one pending job, and a master on it. */
async function masterWith(scope: Scope, pending: number): Promise<{ m: MasterUnderTest; last: number }> {
  const db = join(scope.dir, `${pending}.db`);
  const dataDir = join(scope.dir, `${pending}`);
  const flags = ['--api-key', 'a-key-that-both-know'];
  const first = await startMasterIn(scope, { db, flags, dataDir });
  await first.as('a-key-that-both-know').call(jobOperations.submit, { body: { scenario: '360p-h264' } });
  await registerNode(first);
  await first.stop();
  const file = new DatabaseSync(db);
  const columns = (table: string, own: Record<string, string>) => {
    const names = file
      .prepare(`SELECT name FROM pragma_table_info('${table}')`)
      .all()
      .map((row) => String(row.name));
    const values = names.map((name) => own[name] ?? name);
    return `INSERT INTO ${table} (${names}) SELECT ${values} FROM ${table}, n WHERE ${own.only}`;
  };
  const numbers = `WITH RECURSIVE n (i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < ${pending})`;
  const id = "printf('%08x-0000-4000-8000-%012x', i, i)";
  const jobs = columns('jobs', { seq: 'i', id, only: 'seq = 1' });
  const bodies = columns('job_bodies', { job_seq: 'i', only: 'job_seq = 1' });
  const tasks = columns('tasks', { id, job_seq: 'i', ord: 'i', only: 'job_seq = 1' });
  for (const insert of [jobs, bodies, tasks]) file.exec(`${numbers} ${insert}`);
  file.close();
  const m = await startMasterIn(scope, { db, flags, dataDir });
  return { m, last: pending };
}

test('Why is answered as fast with 100,000 pending as with 1,000', { skip: withoutFile }, async (t) => {
  const scope = openScope(t);
  const [few, many] = [await masterWith(scope, 1000), await masterWith(scope, 100_000)];
  const times = new Map([few, many].map((one) => [one, [] as number[]]));
  for (let round = 0; round < 61; round += 1)
    for (const one of [few, many]) {
      const started = performance.now();
      const reply = await one.m.request('GET', `/jobs/${one.last}/why`, { key: 'a-key-that-both-know' });
      times.get(one)?.push(performance.now() - started);
      const ahead = one === many ? '1000 or more' : '999';
      assert.equal((reply.json as Why).message, `${ahead} ready tasks stand before it; node-a can run it`);
    }
  const median = (one: typeof few) => times.get(one)?.sort((a, b) => a - b)[30] ?? 0;
  assert.ok(median(many) < 3 * median(few) + 1, `medians: ${median(few)} ms and ${median(many)} ms`);
});

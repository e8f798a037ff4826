import assert from 'node:assert/strict';
import { test } from 'node:test';
import { jobOperations } from '@ffrtmp/shared/contract/jobs';
import { nodeOperations } from '@ffrtmp/shared/contract/nodes';
import type { Why } from '@ffrtmp/shared/job/job';
import { NODE_OFFLINE_MS } from '@ffrtmp/shared/node/node';
import { registerNode } from './fake-node.ts';
import { type MasterUnderTest, startMasterUnderTest } from './master-under-test.ts';

const why = (m: MasterUnderTest, id: string): Promise<Why> =>
  m.client.call(jobOperations.why, { params: { id } }) as Promise<Why>;
const inFuture = (m: MasterUnderTest, ms: number) => new Date(m.clock.now() + ms).toISOString();

test('A job that waits says why: no node, no node online, no encoder, no free slot, ready, running, ended', async (t) => {
  const m = await startMasterUnderTest(t);
  const job = await m.submit();
  assert.match((await why(m, job.id)).message, /^no node is connected \(none is registered\): start an agent$/);
  const broken = { name: 'libx264', works: false, fps: null, reason: 'Unknown encoder' };
  const node = await registerNode(m, 'node-a', { encoders: [broken] });
  const missing = await why(m, job.id);
  assert.equal(missing.reason, 'no_encoder');
  assert.equal(missing.message, 'no connected node has the encoder libx264 (1 looked at)');
  assert.deepEqual(missing.details, { encoder: 'libx264', nodes: { 'node-a': 'Unknown encoder' } });
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
  assert.match((await why(m, second.id)).message, /^the only node that could run it \(\S+\) is busy$/);
  await m.client.call(nodeOperations.drain, { params: { id: able.id } });
  assert.match((await why(m, second.id)).message, /busy or draining \(1\)$/);
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

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { jobOperations } from '@ffrtmp/shared/contract/jobs';
import { MAX_LOSSES, MAX_LOST_NODES } from '@ffrtmp/shared/job/retry';
import { openScope } from '../support/scope.ts';
import { heldOf, nodeWith, registerNode } from './fake-node.ts';
import { type MasterUnderTest, startMasterIn, startMasterUnderTest } from './master-under-test.ts';

const lease = ['--lease', '5s'];
const attemptsOf = async (m: MasterUnderTest, id: string) =>
  (await m.client.call(jobOperations.attempts, { params: { id } })).attempts;

async function lose(m: MasterUnderTest): Promise<void> {
  m.clock.advance(5001);
  await m.master.sweep();
}

test('Work of a silent node is taken back when its lease has run out, not before, and goes elsewhere first', async (t) => {
  const m = await startMasterUnderTest(t, { flags: lease });
  const [silent, other] = [await registerNode(m, 'silent'), await registerNode(m, 'other')];
  const job = await m.submit();
  await silent.progress(await silent.take());
  m.clock.advance(3500);
  await m.master.sweep();
  assert.equal((await m.job(job.id)).status, 'running');
  const parked = [silent, other].map((node) =>
    node.claim({ wait: 30 }).then(
      ({ jobs }) => jobs.length,
      () => -1,
    ),
  );
  await other.heartbeat();
  m.clock.advance(1501);
  await m.master.sweep();
  assert.equal(await parked[1], 1, 'the node that was not silent got it');
  const [lost] = await attemptsOf(m, job.id);
  assert.deepEqual([lost?.state, lost?.failure_class], ['lost', 'lost']);
  assert.match(lost?.error ?? '', /the node silent was not heard of for a whole lease/);
  assert.equal((await m.job(job.id)).retry_count, 0);
  m.master.drain();
  await Promise.all(parked);
});

test('The alarm takes work back by itself, within two seconds of the lease', async (t) => {
  const m = await startMasterUnderTest(t, { flags: lease });
  const node = await registerNode(m);
  const other = await registerNode(m, 'other');
  await m.submit();
  await node.take();
  const started = performance.now();
  const { jobs } = await other.claim({ wait: 30 });
  const waited = performance.now() - started;
  assert.equal(jobs.length, 1);
  assert.ok(waited > 4500 && waited < 7000, `taken back after ${waited} ms`);
});

test('A renewal that comes before the sweep’s commit is a renewal: who was told so keeps the work', async (t) => {
  const m = await startMasterUnderTest(t, { flags: lease });
  const node = await registerNode(m);
  const job = await m.submit();
  const claimed = await node.take();
  m.clock.advance(5001);
  // The sweep has looked, but its commit stands behind many others; the heartbeat comes in between.
  const others = m.holdWrites();
  const swept = m.master.sweep();
  const { renewed } = await node.heartbeat({ attempts: [heldOf(claimed)] });
  await Promise.all([others, swept]);
  assert.deepEqual(renewed, [claimed.lease.attempt_id]);
  assert.equal((await m.job(job.id)).status, 'running');
});

test(`A job lost on ${MAX_LOST_NODES} different nodes is quarantined, visibly and with its reason`, async (t) => {
  const m = await startMasterUnderTest(t, { flags: lease });
  const job = await m.submit();
  for (let index = 0; index < MAX_LOST_NODES; index += 1) {
    assert.equal((await m.job(job.id)).status, 'pending');
    const node = await registerNode(m, `n${index}`);
    await node.take();
    await lose(m);
  }
  const ended = await m.job(job.id);
  assert.deepEqual([ended.status, ended.failure_class, ended.quarantined], ['failed', 'lost', true]);
});

test(`A job lost ${MAX_LOSSES} times on one node is quarantined too`, async (t) => {
  const m = await startMasterUnderTest(t, { flags: lease });
  const node = await registerNode(m);
  const job = await m.submit();
  for (let loss = 0; loss < MAX_LOSSES; loss += 1) {
    assert.equal((await m.job(job.id)).status, 'pending');
    await node.take();
    await lose(m);
  }
  assert.equal((await m.job(job.id)).quarantined, true);
});

test('A quarantined job that is retried by request starts over: its old losses count no more', async (t) => {
  const m = await startMasterUnderTest(t, { flags: lease });
  const job = await m.submit();
  for (let index = 0; index < MAX_LOST_NODES; index += 1) {
    await (await registerNode(m, `n${index}`)).take();
    await lose(m);
  }
  await m.request('POST', `/jobs/${job.id}/retry`);
  const node = await registerNode(m, 'fresh');
  await node.take();
  await lose(m);
  const now = await m.job(job.id);
  assert.deepEqual([now.status, now.quarantined], ['pending', false]);
});

test('A restarted master knows every job, gives live attempts a whole lease again and refuses no agent of before', async (t) => {
  const scope = openScope(t);
  const db = `${scope.dir}/kept.db`;
  const first = await startMasterIn(scope, { flags: lease, db });
  const node = await registerNode(first, 'survivor', { slots: 2 });
  const waiting = await first.submit({ queue: 'batch' });
  const held = await first.submit({ queue: 'live', quality: {} });
  const claimed = await node.take();
  assert.equal(claimed.job.id, held.id);
  await first.stop();

  const again = await startMasterIn(scope, { flags: lease, db, dataDir: first.dataDir });
  assert.equal(again.joinToken, '', 'a second start makes no new secrets');
  const m = { ...again, ...keyOf(again, first.adminKey) };
  const same = nodeWith(m, node.id, node.key);
  m.clock.advance(3500);
  await m.master.sweep();
  assert.deepEqual((await same.heartbeat({ attempts: [heldOf(claimed)] })).renewed, [claimed.lease.attempt_id]);
  assert.equal((await same.take()).job.id, waiting.id);
  assert.equal((await same.finish(claimed)).status, 'accepted');
});

const keyOf = (m: MasterUnderTest, key: string) => ({ adminKey: key, client: m.as(key) });

test('After a restart a held job is still released at its time, by the alarm alone', async (t) => {
  const scope = openScope(t);
  const db = `${scope.dir}/kept.db`;
  const first = await startMasterIn(scope, { db });
  const node = await registerNode(first);
  await first.submit({ not_before: new Date(Date.now() + 1500).toISOString() });
  await first.stop();
  const again = await startMasterIn(scope, { db, dataDir: first.dataDir });
  const { jobs } = await nodeWith(again, node.id, node.key).claim({ wait: 20 });
  assert.equal(jobs.length, 1);
});

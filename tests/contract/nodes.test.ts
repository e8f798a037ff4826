import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { nodeOperations } from '@ffrtmp/shared/contract/nodes';
import { NODE_OFFLINE_MS, type Node } from '@ffrtmp/shared/node/node';
import { timingFor } from '@ffrtmp/shared/node/timing';
import { heldOf, joules, nodeWith, registerNode, registrationOf } from './fake-node.ts';
import { type MasterUnderTest, startMasterUnderTest } from './master-under-test.ts';

const register = (m: MasterUnderTest, body: object, key = m.joinToken) =>
  m.request('POST', '/nodes/register', { body, key });
const nodeOf = (m: MasterUnderTest, id: string) => m.client.call(nodeOperations.get, { params: { id } });
const refusal = (reply: { json: unknown }) =>
  (reply.json as { error: { code: string; message: string; details?: { node_id?: string } } }).error;

test('A new address is 201 with a credential and the timing rules, and the node is listed with its class', async (t) => {
  const m = await startMasterUnderTest(t, { flags: ['--lease', '9s'] });
  const reply = await register(m, registrationOf('big', { cpu_threads: 32, ram_bytes: 64e9, type: 'laptop' }));
  assert.equal(reply.status, 201);
  const node = reply.json as Node & { credential: string; timing: unknown };
  assert.match(node.credential, /^ffn_/);
  assert.deepEqual(node.timing, timingFor(9000));
  assert.deepEqual([node.type, node.labels, node.status], ['server', { node_type: 'laptop' }, 'available']);
  const { nodes, count } = await m.client.call(nodeOperations.list, {});
  assert.deepEqual([count, nodes[0]?.id], [1, node.id]);
});

test('A second identity under a taken address is 409 with the holder’s id, whatever key it brings', async (t) => {
  const m = await startMasterUnderTest(t);
  const holder = await registerNode(m, 'taken');
  const stranger = await registerNode(m, 'other');
  for (const key of [m.joinToken, m.adminKey]) {
    const reply = await register(m, registrationOf('taken'), key);
    assert.equal(reply.status, 409);
    assert.equal(refusal(reply).code, 'address_taken');
    assert.equal(refusal(reply).details?.node_id, holder.id);
  }
  const reply = await register(m, registrationOf('taken'), stranger.key);
  assert.equal(reply.status, 403, 'a credential of another node is no ticket for this address');
});

test('An agent whose registration was answered into the void asks again with its proof, and nobody else can', async (t) => {
  const m = await startMasterUnderTest(t);
  const mine = registrationOf('node-a', { proof: 'a'.repeat(64) });
  const lost = (await register(m, mine)).json as { id: string; credential: string };
  const again = (await register(m, mine)).json as { id: string; credential: string };
  assert.equal(again.id, lost.id);
  assert.notEqual(again.credential, lost.credential);
  await nodeWith(m, again.id, again.credential).heartbeat();
  // The first credential may have been read by somebody: it ends.
  await assert.rejects(nodeWith(m, again.id, lost.credential).heartbeat(), { code: 'unauthorized' });
  const other = await register(m, registrationOf('node-a', { proof: 'b'.repeat(64) }));
  assert.equal(refusal(other).code, 'address_taken');
});

test('Of many agents that register one address at the same moment exactly one gets it', async (t) => {
  const m = await startMasterUnderTest(t);
  const held = m.holdWrites();
  const replies = await Promise.all(Array.from({ length: 8 }, () => register(m, registrationOf('wanted'))));
  await held;
  const statuses = replies.map(({ status }) => status).sort();
  assert.deepEqual(statuses, [201, 409, 409, 409, 409, 409, 409, 409]);
  const winner = replies.find(({ status }) => status === 201)?.json as Node;
  for (const reply of replies.filter(({ status }) => status === 409))
    assert.equal(refusal(reply).details?.node_id, winner.id);
});

test('The same agent restarting proves itself with its credential: 200, its old id, no new secret, its facts updated', async (t) => {
  const m = await startMasterUnderTest(t);
  const node = await registerNode(m, 'same');
  m.clock.advance(1000);
  const reply = await register(m, registrationOf('same', { cpu_threads: 4, slots: 3 }), node.key);
  assert.equal(reply.status, 200);
  const again = reply.json as Node & { credential: string | null };
  assert.deepEqual([again.id, again.credential, again.cpu_threads, again.slots], [node.id, null, 4, 3]);
  const { profiles } = await m.client.call(nodeOperations.history, { params: { id: node.id } });
  assert.deepEqual(
    profiles.map(({ facts }) => facts.cpu_threads),
    [4, 8],
  );
});

test('A credential is no ticket for a second node', async (t) => {
  const m = await startMasterUnderTest(t);
  const node = await registerNode(m, 'mine');
  const reply = await register(m, registrationOf('yours'), node.key);
  assert.equal(reply.status, 403);
  assert.match(refusal(reply).message, /belongs to mine, not to yours/);
});

test('A worker on the master’s own machine is refused unless that is meant', async (t) => {
  const m = await startMasterUnderTest(t, { machineId: 'this-machine' });
  const body = registrationOf('local', { machine_id: 'this-machine' });
  const refused = await register(m, body);
  assert.equal(refused.status, 409);
  assert.equal(refusal(refused).code, 'master_as_worker');
  assert.match(refusal(refused).message, /--allow-master-as-worker/);
  const meant = await register(m, { ...body, allow_master_as_worker: true });
  assert.deepEqual([meant.status, (meant.json as Node).master_as_worker], [201, true]);
  assert.equal((await register(m, registrationOf('elsewhere', { machine_id: 'another' }))).status, 201);
});

test('Fields of a newer agent are ignored, so that neighbouring versions work together', async (t) => {
  const m = await startMasterUnderTest(t);
  assert.equal((await register(m, { ...registrationOf('newer'), flux_capacitor: true, protocol: 2 })).status, 201);
});

test('A heartbeat renews what the node holds and is told to drop what is not its own', async (t) => {
  const m = await startMasterUnderTest(t, { flags: ['--lease', '5s'] });
  const node = await registerNode(m, 'n', { slots: 2 });
  await m.submit();
  const claimed = await node.take();
  const strange = { attempt_id: randomUUID(), token: 'x', state: 'running' as const };
  const forged = { ...heldOf(claimed), token: 'guessed' };
  const reply = await node.heartbeat({ attempts: [heldOf(claimed), strange] });
  assert.deepEqual(reply.renewed, [claimed.lease.attempt_id]);
  assert.deepEqual(reply.orders, [{ kind: 'drop', attempt_id: strange.attempt_id }]);
  assert.deepEqual(reply.timing, timingFor(5000));
  assert.deepEqual((await node.heartbeat({ attempts: [forged] })).renewed, []);
  for (let beat = 0; beat < 5; beat += 1) {
    m.clock.advance(4000);
    assert.equal((await node.heartbeat({ attempts: [heldOf(claimed)] })).renewed.length, 1);
    await m.master.sweep();
  }
  assert.equal((await m.job(claimed.job.id)).status, 'running');
});

test('A node speaks for itself alone', async (t) => {
  const m = await startMasterUnderTest(t);
  const [a, b] = [await registerNode(m, 'a'), await registerNode(m, 'b')];
  const asB = nodeWith(m, a.id, b.key);
  await assert.rejects(asB.heartbeat(), { code: 'forbidden' });
  await assert.rejects(asB.claim(), { code: 'forbidden' });
  await m.submit();
  const claimed = await a.take();
  await assert.rejects(asB.progress(claimed), { code: 'forbidden' });
  await assert.rejects(asB.finish(claimed), { code: 'forbidden' });
});

test('The status of a node follows what it does: available, busy, draining, offline', async (t) => {
  const m = await startMasterUnderTest(t);
  const node = await registerNode(m);
  const statusNow = async () => (await nodeOf(m, node.id)).status;
  assert.equal(await statusNow(), 'available');
  await m.submit();
  const claimed = await node.take();
  assert.deepEqual([await statusNow(), (await nodeOf(m, node.id)).running], ['busy', 1]);
  await m.request('POST', `/nodes/${node.id}/drain`);
  assert.equal(await statusNow(), 'draining');
  await node.finish(claimed);
  await m.request('POST', `/nodes/${node.id}/resume`);
  assert.equal(await statusNow(), 'available');
  m.clock.advance(NODE_OFFLINE_MS - 1000);
  assert.equal(await statusNow(), 'available');
  m.clock.advance(1001);
  assert.equal(await statusNow(), 'offline');
  await node.heartbeat();
  assert.equal(await statusNow(), 'available');
});

test('A draining node finishes what it runs and gets nothing new until it is resumed, even when it is parked', async (t) => {
  const m = await startMasterUnderTest(t);
  const node = await registerNode(m, 'n', { slots: 2 });
  await m.submit();
  const claimed = await node.take();
  const before = node.claim({ wait: 30 });
  await m.request('POST', `/nodes/${node.id}/drain`);
  assert.equal((await node.heartbeat({ attempts: [heldOf(claimed)] })).drain, true);
  await m.submit();
  const fresh = await node.claim();
  assert.deepEqual([fresh.jobs, fresh.drain], [[], true]);
  assert.equal((await node.finish(claimed)).job_status, 'completed');
  const parked = node.claim({ wait: 30 });
  assert.deepEqual((await before).jobs, [], 'replaced by the later claim, without work');
  await m.request('POST', `/nodes/${node.id}/resume`);
  assert.equal((await parked).jobs.length, 1, 'the resume woke the parked claim, and only then it was given work');
});

test('A node that runs something is not removed; one that is idle goes with its credential, and its address is free', async (t) => {
  const m = await startMasterUnderTest(t);
  const node = await registerNode(m, 'gone');
  await m.submit();
  const claimed = await node.take();
  assert.equal((await m.request('DELETE', `/nodes/${node.id}`)).status, 409);
  await node.finish(claimed);
  assert.equal((await m.request('DELETE', `/nodes/${node.id}`)).status, 200);
  assert.equal((await m.request('GET', `/nodes/${node.id}`)).status, 404);
  await assert.rejects(node.heartbeat(), { code: 'unauthorized' });
  assert.equal((await register(m, registrationOf('gone'))).status, 201);
});

test('A revoked node is locked out at once and its work goes elsewhere without waiting for the lease', async (t) => {
  const m = await startMasterUnderTest(t);
  const [bad, good] = [await registerNode(m, 'bad'), await registerNode(m, 'good')];
  const job = await m.submit();
  const claimed = await bad.take();
  const progress = { percent: 9, phase: 'encode', fps: 1, speed: 1, eta_s: 1, frames: 1, energy: [] };
  await bad.heartbeat({ attempts: [{ ...heldOf(claimed), progress }] });
  assert.equal((await m.job(job.id)).progress?.percent, 9);
  const parked = good.claim({ wait: 30 });
  await m.request('POST', `/nodes/${bad.id}/revoke`);
  const [again] = (await parked).jobs;
  assert.deepEqual([again?.job.id, again?.lease.attempt], [job.id, 2]);
  await assert.rejects(bad.finish(claimed), { code: 'unauthorized' });
  assert.equal((await m.job(job.id)).progress, null);
});

test('New facts in a heartbeat are kept beside the old ones, each with its time, and new encoders open new work', async (t) => {
  const m = await startMasterUnderTest(t);
  const node = await registerNode(m, 'learns', { encoders: [] });
  await m.submit();
  const parked = node.claim({ wait: 30 });
  m.clock.advance(5000);
  const { address: _, ...capabilities } = registrationOf('learns');
  await node.heartbeat({ capabilities });
  assert.equal((await parked).jobs.length, 1);
  const { profiles } = await m.client.call(nodeOperations.history, { params: { id: node.id }, query: { limit: 1 } });
  assert.equal(profiles[0]?.facts.encoders.length, 1);
  assert.equal((await nodeOf(m, node.id)).address, 'learns');
});

test('The energy of a node is the sum over the attempts that ended on it in a period', async (t) => {
  const m = await startMasterUnderTest(t);
  const node = await registerNode(m);
  const since = new Date(m.clock.now()).toISOString();
  for (const value of [10, 32]) {
    await m.submit();
    await node.finish(await node.take(), { figures: [joules(value)] });
  }
  const { attempts, energy } = await m.client.call(nodeOperations.energy, {
    params: { id: node.id },
    query: { since },
  });
  assert.deepEqual([attempts, energy.map(({ value }) => value)], [2, [42]]);
  const before = await m.client.call(nodeOperations.energy, { params: { id: node.id }, query: { until: since } });
  assert.deepEqual([before.attempts, before.energy], [0, []]);
});

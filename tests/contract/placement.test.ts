import assert from 'node:assert/strict';
import { test } from 'node:test';
import { jobOperations } from '@ffrtmp/shared/contract/jobs';
import { nodeOperations } from '@ffrtmp/shared/contract/nodes';
import { queueOperations } from '@ffrtmp/shared/contract/queues';
import type { Job, JobRequestInput, Why } from '@ffrtmp/shared/job/job';
import { type FakeNode, heldOf, registerNode } from './fake-node.ts';
import { type MasterUnderTest, startMasterUnderTest } from './master-under-test.ts';

const GIB = 1 << 30;
const ids = (reply: { jobs: { job: Job }[] }) => reply.jobs.map(({ job }) => job.id);
const why = (m: MasterUnderTest, id: string): Promise<Why> => m.client.call(jobOperations.why, { params: { id } });
const nodeOf = (m: MasterUnderTest, { id }: FakeNode) => m.client.call(nodeOperations.get, { params: { id } });
const encoder = (name: string) => ({ name, works: true, fps: 1, reason: null });
const wish = (resources: JobRequestInput['resources'], more: JobRequestInput = {}): JobRequestInput => ({
  resources,
  ...more,
});

test('A claim for many slots takes what fits, in order, until nothing fits any more', async (t) => {
  const m = await startMasterUnderTest(t);
  const node = await registerNode(m, 'n', { slots: 8, cpu_threads: 8 });
  const [six, four, two] = [4, 3, 2].map((cpu_threads) => wish({ cpu_threads }));
  const made: Job[] = [];
  for (const request of [six, four, two, { resources: { cpu_threads: 1 } }]) made.push(await m.submit(request));
  const reply = await node.claim({ slots: 8 });
  assert.deepEqual(ids(reply), [made[0]?.id, made[1]?.id, made[3]?.id], '4 and 3 and 1 threads; 2 did not fit');
  assert.deepEqual(
    reply.jobs.map(({ lease }) => lease.cpu_threads),
    [4, 3, 1],
  );
  assert.deepEqual((await nodeOf(m, node)).free, { slots: 5, threads: 0, ram_mb: 15_258, gpu_sessions: 0 });
  const waits = await why(m, made[2]?.id ?? '');
  assert.equal(waits.reason, 'no_free_resources');
  assert.deepEqual((waits.details.nodes as Record<string, { needed: object }>).n?.needed, {
    ...{ slots: 1, threads: 2, ram_mb: 0, gpu_sessions: 0 },
  });
});

test('Threads, memory, GPU sessions and slots are never booked beyond what a node has, however many claims come at once', async (t) => {
  const m = await startMasterUnderTest(t);
  const facts = { slots: 6, cpu_threads: 10, ram_bytes: 8 * GIB, gpu_sessions: 2 };
  const encoders = [encoder('libx264'), encoder('h264_nvenc')];
  const nodes = [
    await registerNode(m, 'a', { ...facts, encoders }),
    await registerNode(m, 'b', { ...facts, encoders }),
  ];
  const requests: JobRequestInput[] = Array.from({ length: 60 }, (_, index) => ({
    resources: { cpu_threads: 1 + (index % 4), ram_mb: 512 * (1 + (index % 5)) },
    ...(index % 3 === 0 ? { parameters: { encoder: 'h264_nvenc' } } : {}),
  }));
  await m.client.call(jobOperations.submit, { body: requests });
  for (let round = 0; round < 2; round += 1) {
    const held = m.holdWrites();
    const replies = await Promise.all(nodes.flatMap((node) => [1, 2, 3].map(() => node.claim({ slots: 3 }))));
    await held;
    for (const node of nodes) {
      const { free } = await nodeOf(m, node);
      assert.ok(free && Object.values(free).every((left) => left >= 0), JSON.stringify(free));
    }
    const claimed = replies.flatMap((reply, index) =>
      reply.jobs.map((one) => ({ one, node: nodes[Math.floor(index / 3)] })),
    );
    for (const { one, node } of claimed.slice(0, 5)) await node?.finish(one);
  }
});

test('A hardware encoder takes a GPU session of its own accord; a node that reports none never runs it', async (t) => {
  const m = await startMasterUnderTest(t);
  const encoders = [encoder('h264_nvenc'), encoder('libx264')];
  const none = await registerNode(m, 'none', { encoders });
  const one = await registerNode(m, 'one', { encoders, gpu_sessions: 1, slots: 4 });
  const gpu = { parameters: { encoder: 'h264_nvenc' } };
  const [first, second] = [await m.submit(gpu), await m.submit(gpu)];
  assert.deepEqual(ids(await none.claim()), []);
  assert.deepEqual(ids(await one.claim({ slots: 4 })), [first.id]);
  assert.equal((await why(m, second.id)).reason, 'no_free_resources');
});

test('Pool and labels decide where a job may run, and why says which node lacks what', async (t) => {
  const m = await startMasterUnderTest(t);
  const plain = await registerNode(m, 'plain');
  const far = await registerNode(m, 'far', { pool: 'far', labels: { disk: 'nvme' } });
  const job = await m.submit({ pool: 'far', node_selector: { disk: 'nvme' } });
  const nowhere = await m.submit({ pool: 'far', node_selector: { disk: 'hdd' } });
  assert.deepEqual(ids(await plain.claim({ slots: 2 })), []);
  assert.deepEqual(ids(await far.claim()), [job.id]);
  const lacking = await why(m, nowhere.id);
  assert.equal(lacking.reason, 'no_capable_node');
  assert.deepEqual(lacking.details.nodes, {
    plain: 'is in the pool default, not far',
    far: 'does not carry the label disk=hdd',
  });
  const unwanted = await m.submit();
  assert.deepEqual(ids(await far.claim()), [], 'a node runs the jobs of its own pool alone');
  assert.deepEqual(ids(await plain.claim()), [unwanted.id]);
});

test('A node without the disk a job needs is passed over until it reports enough', async (t) => {
  const m = await startMasterUnderTest(t);
  const node = await registerNode(m);
  const load = (disk_free_bytes: number) => ({ load: { cpu_percent: 1, ram_free_bytes: null, disk_free_bytes } });
  await node.heartbeat(load(GIB));
  const job = await m.submit(wish({ disk_mb: 2048 }));
  assert.deepEqual(ids(await node.claim()), []);
  const reason = await why(m, job.id);
  assert.deepEqual(
    [reason.reason, reason.message],
    ['no_free_resources', 'the only node that could run it (node-a) is busy or short of disk (1); it is next'],
  );
  await node.heartbeat(load(3 * GIB));
  assert.deepEqual(ids(await node.claim()), [job.id]);
});

test('What no node could ever run is taken and explained; with require_capable it is refused with what each node lacks', async (t) => {
  const m = await startMasterUnderTest(t);
  const refused = () =>
    m.request('POST', '/jobs', { body: [{}, { resources: { cpu_threads: 64 }, require_capable: true }] });
  const none = await refused();
  assert.deepEqual([none.status, (none.json as { error: { code: string } }).error.code], [409, 'no_capable_node']);
  assert.match(none.text, /none is registered/);
  await registerNode(m);
  const told = await refused();
  assert.deepEqual((told.json as { error: { details: object } }).error.details, {
    nodes: { 'node-a': 'has 8 of 64 threads' },
  });
  assert.deepEqual((await m.client.call(jobOperations.list, { query: {} })).jobs, []);
  const job = await m.submit(wish({ cpu_threads: 64 }));
  assert.equal((await why(m, job.id)).reason, 'no_capable_node');
  await m.submit({ require_capable: true, quality: {} });
});

test('A repeat under an Idempotency-Key is answered as before, though the node that was able is gone', async (t) => {
  const m = await startMasterUnderTest(t);
  const node = await registerNode(m);
  const send = () =>
    m.request('POST', '/jobs', { body: { require_capable: true }, headers: { 'idempotency-key': 'once' } });
  const first = await send();
  await m.client.call(nodeOperations.remove, { params: { id: node.id } });
  const again = await send();
  assert.deepEqual([again.status, (again.json as Job).id], [201, (first.json as Job).id]);
});

/** Two nodes full of small work, and a large task that waits. */
async function crowded(t: Parameters<typeof startMasterUnderTest>[0]) {
  const m = await startMasterUnderTest(t, { flags: ['--reserve-after', '5m'] });
  const node = await registerNode(m, 'n', { slots: 4, cpu_threads: 8 });
  for (let n = 0; n < 3; n += 1) await m.submit(wish({ cpu_threads: 2 }));
  const { jobs: running } = await node.claim({ slots: 4 });
  const large = await m.submit(wish({ cpu_threads: 6 }));
  const small = () => m.submit(wish({ cpu_threads: 2 }));
  const pass = async (ms: number) => {
    m.clock.advance(ms);
    await node.heartbeat({ attempts: running.map((one) => heldOf(one)) });
  };
  return { m, node, running, large, small, pass };
}

test('A large task that has waited long has a node kept free for it; what fits beside it still runs', async (t) => {
  const { m, node, running, large, small, pass } = await crowded(t);
  const early = await small();
  assert.deepEqual(ids(await node.claim({ slots: 1 })), [early.id], 'before its time small work goes on');
  const [first, second, third] = running;
  assert.ok(first && second && third);
  for (let minute = 0; minute < 10; minute += 1) await pass(30_000);
  const [beside, later] = [await small(), await small()];
  await node.finish(first);
  assert.deepEqual(ids(await node.claim({ slots: 1 })), [beside.id], 'two of eight threads are left beside six');
  assert.equal((await nodeOf(m, node)).reserved, true);
  await node.finish(second);
  assert.deepEqual(ids(await node.claim({ slots: 1 })), [], 'two more would delay it');
  const kept = await why(m, later.id);
  assert.deepEqual(
    [kept.reason, kept.message],
    ['reserved', 'n could take it and is kept free for a bigger task that has waited longer'],
  );
  await node.finish(third);
  assert.equal((await why(m, large.id)).reason, 'no_free_resources');
  const [attempt] = (await m.client.call(jobOperations.attempts, { params: { id: early.id } })).attempts;
  await m.request('POST', `/jobs/${early.id}/cancel`);
  assert.ok(attempt);
  assert.deepEqual(ids(await node.claim({ slots: 1 })), [large.id]);
  assert.equal((await nodeOf(m, node)).reserved, false);
});

for (const [reason, end] of [
  ['its queue is paused', (m: MasterUnderTest) => m.client.call(queueOperations.pause, { params: { queue: 'batch' } })],
  ['it is canceled', async (m: MasterUnderTest, id: string) => m.request('POST', `/jobs/${id}/cancel`)],
] as const) {
  test(`A node is not kept free for a task that cannot start because ${reason}`, async (t) => {
    const m = await startMasterUnderTest(t);
    const node = await registerNode(m, 'n', { slots: 4, cpu_threads: 8 });
    await m.submit(wish({ cpu_threads: 4 }));
    const running = await node.take();
    const large = await m.submit(wish({ cpu_threads: 8 }, { queue: 'batch' }));
    for (let n = 0; n < 11; n += 1) {
      m.clock.advance(30_000);
      await node.heartbeat({ attempts: [heldOf(running)] });
    }
    await node.claim();
    assert.equal((await nodeOf(m, node)).reserved, true);
    await end(m, large.id);
    await m.master.sweep();
    assert.equal((await nodeOf(m, node)).reserved, false);
    const small = await m.submit(wish({ cpu_threads: 2 }));
    assert.deepEqual(ids(await node.claim()), [small.id]);
  });
}

test('A node whose facts change so that it could not run the task any more is no longer kept for it', async (t) => {
  const m = await startMasterUnderTest(t);
  const node = await registerNode(m, 'n', { slots: 4, cpu_threads: 8 });
  await m.submit(wish({ cpu_threads: 4 }));
  const running = await node.take();
  await m.submit(wish({ cpu_threads: 8 }));
  for (let n = 0; n < 11; n += 1) {
    m.clock.advance(30_000);
    await node.heartbeat({ attempts: [heldOf(running)] });
  }
  await node.claim();
  assert.equal((await nodeOf(m, node)).reserved, true);
  const { cpu_model, ram_bytes, encoders } = await nodeOf(m, node);
  await node.heartbeat({
    attempts: [heldOf(running)],
    capabilities: { cpu_threads: 6, cpu_model, ram_bytes, encoders },
  });
  await m.master.sweep();
  assert.equal((await nodeOf(m, node)).reserved, false);
});

test('A claim that a node keeps parked for its other slots is woken when one of its attempts makes room', async (t) => {
  const m = await startMasterUnderTest(t);
  const node = await registerNode(m, 'n', { slots: 2, cpu_threads: 8 });
  await m.submit(wish({ cpu_threads: 4 }));
  const running = await node.take();
  const large = await m.submit(wish({ cpu_threads: 8 }));
  const parked = node.claim({ wait: 30, slots: 1 });
  await node.heartbeat({ attempts: [heldOf(running)] });
  const started = performance.now();
  await node.finish(running);
  assert.deepEqual(ids(await parked), [large.id]);
  assert.ok(performance.now() - started < 10_000);
});

test('An attempt that is renewed and gets nowhere is ended; its task goes elsewhere and its agent is told to drop it', async (t) => {
  const m = await startMasterUnderTest(t, { flags: ['--stall-timeout', '10m'] });
  const node = await registerNode(m, 'stuck');
  const other = await registerNode(m, 'other');
  const job = await m.submit();
  const claimed = await node.take();
  const progress = { phase: 'encode', percent: 10, fps: null, speed: null, eta_s: null, frames: 240, energy: [] };
  const report = (frames: number) =>
    node.heartbeat({ attempts: [{ ...heldOf(claimed), progress: { ...progress, frames } }] });
  for (let n = 0; n < 40; n += 1) {
    m.clock.advance(30_000);
    await report(n);
    await m.master.sweep();
  }
  assert.equal((await m.job(job.id)).status, 'running', 'it moves: twenty minutes are nothing');
  for (let n = 0; n < 20; n += 1) {
    m.clock.advance(30_000);
    await report(39);
  }
  await other.heartbeat();
  await m.master.sweep();
  const reply = await report(39);
  assert.deepEqual([reply.renewed, reply.orders], [[], [{ kind: 'drop', attempt_id: claimed.lease.attempt_id }]]);
  const [attempt] = (await m.client.call(jobOperations.attempts, { params: { id: job.id } })).attempts;
  assert.deepEqual([attempt?.state, attempt?.failure_class], ['failed', 'infrastructure']);
  assert.match(attempt?.error ?? '', /nothing new was heard of it for 600 s, though its lease was renewed/);
  assert.deepEqual(ids(await node.claim()), [], 'not on the node that was stuck');
  assert.deepEqual(ids(await other.claim()), [job.id]);
});

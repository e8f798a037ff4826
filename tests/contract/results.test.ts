import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import type { Claimed } from '@ffrtmp/shared/contract/dispatch';
import { jobOperations } from '@ffrtmp/shared/contract/jobs';
import { failureClasses } from '@ffrtmp/shared/job/outcome';
import { type FakeNode, heldOf, joules, registerNode, resultOf } from './fake-node.ts';
import { type MasterUnderTest, startMasterUnderTest } from './master-under-test.ts';
import { putFile } from './tus.ts';

const attemptsOf = async (m: MasterUnderTest, id: string) =>
  (await m.client.call(jobOperations.attempts, { params: { id } })).attempts;
const tasksOf = async (m: MasterUnderTest, id: string) =>
  (await m.client.call(jobOperations.tasks, { params: { id } })).tasks;
const receiptOf = (m: MasterUnderTest, id: string) => m.client.call(jobOperations.receipt, { params: { id } });

async function running(m: MasterUnderTest, request = {}): Promise<{ node: FakeNode; claimed: Claimed; id: string }> {
  const node = await registerNode(m);
  const { id } = await m.submit(request);
  const claimed = await node.take();
  await node.progress(claimed);
  return { node, claimed, id };
}

test('A result ends its attempt, task and job; the same again is 200 and changes nothing', async (t) => {
  const m = await startMasterUnderTest(t);
  const { node, claimed, id } = await running(m);
  const fields = { metrics: { duration: 2, mine: [1] }, figures: [joules(7)], analyzer_output: { any: ['thing'] } };
  assert.deepEqual(await node.finish(claimed, fields), { status: 'accepted', job_status: 'completed' });
  const before = [await m.job(id), await attemptsOf(m, id)];
  assert.deepEqual(await node.finish(claimed, fields), { status: 'repeated', job_status: 'completed' });
  assert.deepEqual([await m.job(id), await attemptsOf(m, id)], before);
  const [attempt] = await attemptsOf(m, id);
  assert.deepEqual(attempt?.metrics, { duration: 2, mine: [1] });
  assert.deepEqual(attempt?.analyzer_output, { any: ['thing'] });
});

test('Of two different results of one attempt the first counts and the second is 409', async (t) => {
  const m = await startMasterUnderTest(t);
  const { node, claimed, id } = await running(m);
  const both = [node.finish(claimed), node.finish(claimed, { status: 'failed', error: 'too late' })];
  const settled = await Promise.allSettled(both);
  assert.deepEqual(
    settled.map(({ status }) => status),
    ['fulfilled', 'rejected'],
  );
  await assert.rejects(node.finish(claimed, { metrics: { duration: 9 } }), { code: 'stale_attempt' });
  assert.equal((await m.job(id)).status, 'completed');
});

test('A wrong lease token changes nothing, on every call that carries one', async (t) => {
  const m = await startMasterUnderTest(t);
  const { node, claimed, id } = await running(m);
  const forged = { ...claimed, lease: { ...claimed.lease, token: 'guessed' } };
  const log = (lease: Claimed['lease']) =>
    m.request('POST', `/attempts/${lease.attempt_id}/logs`, {
      key: node.key,
      body: { node_id: node.id, token: lease.token, offset: 0, chunk: 'forged' },
    });
  await assert.rejects(node.progress(forged), { code: 'stale_attempt' });
  await assert.rejects(node.finish(forged), { code: 'stale_attempt' });
  assert.equal((await log(forged.lease)).status, 409);
  assert.equal((await m.job(id)).status, 'running');
  assert.equal((await log(claimed.lease)).status, 200);
});

test('An attempt that was taken back is fenced: progress, logs and results are 409 and its successor is untouched', async (t) => {
  const m = await startMasterUnderTest(t, { flags: ['--lease', '5s'] });
  const { node, claimed, id } = await running(m);
  m.clock.advance(5001);
  await m.master.sweep();
  const second = await node.take();
  assert.equal(second.lease.attempt, 2);
  await assert.rejects(node.progress(claimed), { code: 'stale_attempt' });
  await assert.rejects(node.finish(claimed), { code: 'stale_attempt' });
  await assert.rejects(node.finish(claimed, { status: 'failed' }), { code: 'stale_attempt' });
  const { orders } = await node.heartbeat({ attempts: [heldOf(claimed), heldOf(second)] });
  assert.deepEqual(orders, [{ kind: 'drop', attempt_id: claimed.lease.attempt_id }]);
  assert.equal((await node.finish(second)).job_status, 'completed');
  assert.deepEqual(
    (await attemptsOf(m, id)).map(({ state }) => state),
    ['lost', 'succeeded'],
  );
});

test('A canceled attempt may still say what it used, once', async (t) => {
  const m = await startMasterUnderTest(t);
  const { node, claimed, id } = await running(m);
  await m.request('POST', `/jobs/${id}/cancel`);
  const late = { status: 'canceled' as const, figures: [joules(12)] };
  assert.equal((await node.finish(claimed, late)).status, 'accepted');
  assert.equal((await node.finish(claimed, late)).status, 'repeated');
  await assert.rejects(node.finish(claimed, { ...late, figures: [joules(99)] }), { code: 'stale_attempt' });
  assert.deepEqual(
    (await receiptOf(m, id)).energy_waste.map(({ value }) => value),
    [12],
  );
});

test('A result whose bytes the master does not hold is 409, stores nothing, and is accepted once they are there', async (t) => {
  const m = await startMasterUnderTest(t);
  const { node, claimed, id } = await running(m);
  const bytes = Buffer.from('an encoded film');
  const artifact = {
    role: 'output' as const,
    index: 0,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    bytes: 1,
  };
  await assert.rejects(node.finish(claimed, { artifacts: [artifact] }), { code: 'conflict' });
  assert.deepEqual(
    (await attemptsOf(m, id)).map(({ state, metrics }) => [state, metrics]),
    [['running', null]],
  );
  await putFile(m, bytes, { key: node.key });
  assert.equal((await node.finish(claimed, { artifacts: [artifact] })).job_status, 'completed');
  const { sha256, bytes: size } = (await m.job(id)).outputs[0] ?? {};
  assert.deepEqual([sha256, size], [artifact.sha256, bytes.length], 'the size is the one the master counted');
  const twice = resultOf(node.id, claimed, { artifacts: [artifact, artifact] });
  assert.match((await m.request('POST', '/results', { body: twice })).text, /two files of the same role/);
});

test('A result is only for the attempt of that job on that node', async (t) => {
  const m = await startMasterUnderTest(t);
  const { node, claimed } = await running(m);
  const other = await m.submit();
  await assert.rejects(node.finish(claimed, { job_id: other.id }), { code: 'not_found' });
});

test('The quality task waits for the transcode, gets its files, and never decides the job', async (t) => {
  const m = await startMasterUnderTest(t);
  const { node, claimed, id } = await running(m, { quality: {} });
  assert.deepEqual((await node.claim()).jobs, []);
  const output = await putFile(m, Buffer.from('output'), { key: node.key });
  const source = await putFile(m, Buffer.from('source'), { key: node.key });
  const artifacts = [
    { role: 'source' as const, index: 0, ...source },
    { role: 'output' as const, index: 0, ...output },
  ];
  assert.equal((await node.finish(claimed, { artifacts })).job_status, 'running');
  const compared = await node.take();
  assert.deepEqual(
    compared.task.inputs.map(({ role, sha256 }) => [role, sha256]),
    [
      ['output', output.sha256],
      ['source', source.sha256],
    ],
  );
  const failed = { status: 'failed' as const, failure_class: 'input' as const, error: 'no picture' };
  assert.equal((await node.finish(compared, failed)).job_status, 'completed');
  assert.equal((await receiptOf(m, id)).complete, true);
});

test('When the transcode fails for good its quality task is skipped and the job has failed with the reason', async (t) => {
  const m = await startMasterUnderTest(t);
  const { node, claimed, id } = await running(m, { quality: {} });
  await node.finish(claimed, { status: 'failed', failure_class: 'input', error: 'no video stream' });
  const job = await m.job(id);
  assert.deepEqual([job.status, job.failure_class, job.error], ['failed', 'input', 'no video stream']);
  assert.deepEqual(
    (await tasksOf(m, id)).map(({ state }) => state),
    ['failed', 'skipped'],
  );
});

const delayed = new Set(['resource', 'unknown']);
for (const failureClass of failureClasses.filter((name) => name !== 'lost')) {
  test(`A failure of class ${failureClass} is retried as its class says`, async (t) => {
    const m = await startMasterUnderTest(t, { random: () => 0.9 });
    const { node, claimed, id } = await running(m, { max_retries: 1 });
    const fail = (one: Claimed) =>
      node.finish(one, { status: 'failed', failure_class: failureClass, error: 'no luck' });
    if (failureClass === 'input') {
      assert.equal((await fail(claimed)).job_status, 'failed');
      assert.equal((await m.job(id)).retry_count, 0);
      return;
    }
    assert.equal((await fail(claimed)).job_status, 'pending');
    assert.equal((await m.job(id)).retry_count, 1);
    const [task] = await tasksOf(m, id);
    assert.equal(task?.due_at === null, !delayed.has(failureClass));
    m.clock.advance(4501);
    await m.master.sweep();
    assert.equal((await fail(await node.take())).job_status, 'failed');
    const job = await m.job(id);
    assert.deepEqual([job.failure_class, job.quarantined, job.retry_count], [failureClass, false, 1]);
  });
}

test('A failure without a class is unknown, and one without a text says so', async (t) => {
  const m = await startMasterUnderTest(t);
  const { node, claimed, id } = await running(m, { max_retries: 0 });
  await node.finish(claimed, { status: 'failed' });
  const job = await m.job(id);
  assert.deepEqual([job.failure_class, job.error], ['unknown', 'no reason given']);
});

test('Work that an agent hands back costs the job nothing and goes on elsewhere', async (t) => {
  const m = await startMasterUnderTest(t);
  const { node, claimed, id } = await running(m);
  assert.equal((await node.finish(claimed, { status: 'canceled', cause: 'shutdown' })).job_status, 'pending');
  const other = await registerNode(m, 'other');
  await other.finish(await other.take());
  assert.equal((await m.job(id)).retry_count, 0);
  assert.deepEqual(
    (await attemptsOf(m, id)).map(({ cause }) => cause),
    ['shutdown', null],
  );
});

test('The sums of a receipt are over its lines: energy, waste and quality, each figure once', async (t) => {
  const m = await startMasterUnderTest(t, { random: () => 0 });
  const { node, claimed, id } = await running(m, { quality: {}, confidence: 0.9 });
  await node.finish(claimed, { status: 'failed', failure_class: 'infrastructure', error: 'x', figures: [joules(5)] });
  const metrics = { width: 1000, height: 1000, frames: 100 };
  await node.finish(await node.take(), {
    metrics,
    figures: [joules(200), joules(50, { scope: ['dram'], coverage: 0.5 })],
  });
  const psnr = { ...joules(41), name: 'psnr' as const, unit: 'dB' as const, scope: [] };
  await node.finish(await node.take(), { figures: [psnr, joules(30)] });
  const receipt = await receiptOf(m, id);
  const values = (figures: readonly { value: number | null }[]) => figures.map(({ value }) => value);
  assert.deepEqual(values(receipt.energy), [200, 50]);
  assert.deepEqual(
    [values(receipt.energy_waste), values(receipt.energy_quality), values(receipt.quality)],
    [[5], [30], [41]],
  );
  assert.deepEqual([receipt.complete, receipt.coverage_ok, receipt.cost.figures], [true, false, []]);
  const lines = receipt.lines.flatMap(({ figures }) => figures.filter(({ unit }) => unit === 'J'));
  const total = (figures: readonly { value: number | null }[]) =>
    figures.reduce((sum, { value }) => sum + (value ?? 0), 0);
  assert.equal(total(lines), total([...receipt.energy, ...receipt.energy_waste, ...receipt.energy_quality]));
});

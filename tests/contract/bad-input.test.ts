import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { errorTable, isErrorCode } from '@ffrtmp/shared/contract/errors';
import { jobOperations } from '@ffrtmp/shared/contract/jobs';
import { heldOf, registerNode, resultOf } from './fake-node.ts';
import { type MasterUnderTest, type Reply, startMasterUnderTest } from './master-under-test.ts';

/** The code of a refusal, which has to be one of the table with its status. */
function codeOf(reply: Reply): string {
  const { code } = (reply.json as { error: { code: string } }).error;
  assert.ok(isErrorCode(code), code);
  assert.equal(reply.status, errorTable[code].http, code);
  return code;
}
const stored = async (m: MasterUnderTest) => (await m.client.call(jobOperations.list, { query: {} })).jobs.length;

test('Unknown queues, priorities, negative and absurd resources are refused by the name of their field', async (t) => {
  const m = await startMasterUnderTest(t);
  const cases: [object, RegExp][] = [
    [{ queue: 'fast' }, /queue/],
    [{ priority: 9 }, /priority/],
    [{ resources: { cpu_threads: -1 } }, /resources\.cpu_threads/],
    [{ resources: { cpu_threads: 1e6 } }, /resources\.cpu_threads/],
    [{ resources: { ram_mb: -1 } }, /resources\.ram_mb/],
    [{ resources: { disk_mb: 1e18 } }, /resources\.disk_mb/],
    [{ resources: { gpu_sessions: 1.5 } }, /resources\.gpu_sessions/],
    [{ resources: { cpus: 4 } }, /resources: unknown field .*cpus/],
    [{ resources: [] }, /resources/],
    [{ pool: 'No Pool' }, /pool/],
    [{ node_selector: { a: 1 } }, /node_selector\.a/],
    [{ deadline: 'soon' }, /deadline/],
  ];
  for (const [body, names] of cases) {
    const reply = await m.request('POST', '/jobs', { body: [{}, body] });
    assert.equal(codeOf(reply), 'invalid_request', JSON.stringify(body));
    assert.match(reply.text, names);
  }
  assert.equal(await stored(m), 0);
});

test('A requirement that no node has is taken and explained, or refused where that was asked for', async (t) => {
  const m = await startMasterUnderTest(t);
  await registerNode(m);
  const body = { resources: { ram_mb: 1 << 20 } };
  assert.equal(
    codeOf(await m.request('POST', '/jobs', { body: { ...body, require_capable: true } })),
    'no_capable_node',
  );
  const job = await m.submit(body);
  const { reason, details } = await m.client.call(jobOperations.why, { params: { id: job.id } });
  assert.deepEqual([reason, details.nodes], ['no_capable_node', { 'node-a': 'has 15258 of 1048576 MiB memory' }]);
});

test('Ten megabytes of parameters are refused, and a thousand and one jobs, and nothing of them is kept', async (t) => {
  const m = await startMasterUnderTest(t);
  const huge = await m.request('POST', '/jobs', { body: { parameters: { mine: 'x'.repeat(10 << 20) } } });
  assert.equal(codeOf(huge), 'payload_too_large');
  const many = await m.request('POST', '/jobs', { body: Array.from({ length: 1001 }, () => ({})) });
  assert.equal(codeOf(many), 'invalid_request');
  assert.equal(await stored(m), 0);
  await m.submit();
});

test('An Idempotency-Key with another body and a cursor of another query are refused', async (t) => {
  const m = await startMasterUnderTest(t);
  const headers = { 'idempotency-key': 'mine' };
  await m.request('POST', '/jobs', { body: {}, headers });
  const other = await m.request('POST', '/jobs', { body: { name: 'other' }, headers });
  assert.equal(codeOf(other), 'idempotency_mismatch');
  await m.submit();
  const { next_cursor } = await m.client.call(jobOperations.list, { query: { limit: 1 } });
  assert.equal(codeOf(await m.request('GET', `/jobs?queue=live&cursor=${next_cursor}`)), 'invalid_request');
  assert.equal(await stored(m), 2);
});

test('Results for a foreign, stale or unknown attempt change nothing, each with its own code', async (t) => {
  const m = await startMasterUnderTest(t);
  const [node, thief] = [await registerNode(m, 'node'), await registerNode(m, 'thief')];
  const job = await m.submit();
  const claimed = await node.take();
  const send = (as: { id: string; key: string }, fields: object = {}) =>
    m.request('POST', '/results', { key: as.key, body: { ...resultOf(as.id, claimed), ...fields } });
  assert.equal(codeOf(await send(thief, { node_id: node.id })), 'forbidden', 'in the name of another');
  assert.equal(codeOf(await send(thief)), 'not_found', 'it has no such attempt');
  assert.equal(codeOf(await send(node, { token: 'guessed' })), 'stale_attempt');
  assert.equal(
    codeOf(await send(node, { attempt_id: randomUUID() })),
    'stale_attempt',
    'the token is of another attempt',
  );
  assert.equal(codeOf(await send(node, { job_id: randomUUID() })), 'not_found');
  assert.equal(codeOf(await send(node, { status: 'won' })), 'invalid_request');
  assert.equal((await m.job(job.id)).status, 'running');
  m.clock.advance(46_000);
  await m.master.sweep();
  assert.equal(codeOf(await send(node)), 'stale_attempt', 'its lease ran out');
  assert.equal((await m.job(job.id)).status, 'pending');
  const second = await thief.take();
  assert.equal(codeOf(await send(node)), 'stale_attempt');
  assert.deepEqual(await thief.finish(second), { status: 'accepted', job_status: 'completed' });
});

for (const hours of [1, -1]) {
  test(`An agent whose clock is ${hours > 0 ? 'fast' : 'slow'} by an hour neither loses its lease nor moves the times of a job`, async (t) => {
    const m = await startMasterUnderTest(t);
    const node = await registerNode(m);
    const job = await m.submit();
    const claimed = await node.take();
    m.clock.advance(40_000);
    await node.heartbeat({ attempts: [heldOf(claimed)] });
    m.clock.advance(40_000);
    await m.master.sweep();
    const completed_at = new Date(m.clock.now() + hours * 3_600_000).toISOString();
    assert.deepEqual(await node.finish(claimed, { completed_at }), { status: 'accepted', job_status: 'completed' });
    const ended = await m.job(job.id);
    assert.ok(Math.abs(Date.parse(ended.completed_at ?? '') - m.clock.now()) < 60_000, ended.completed_at ?? 'never');
    const [attempt] = (await m.client.call(jobOperations.attempts, { params: { id: job.id } })).attempts;
    assert.ok(Math.abs(Date.parse(attempt?.ended_at ?? '') - m.clock.now()) < 60_000);
  });
}

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Claimed } from '@ffrtmp/shared/contract/dispatch';
import { jobOperations } from '@ffrtmp/shared/contract/jobs';
import { followPath } from '../support/events.ts';
import { type FakeNode, registerNode } from './fake-node.ts';
import { type MasterUnderTest, startMasterUnderTest } from './master-under-test.ts';

const append = (m: MasterUnderTest, node: FakeNode, { lease }: Claimed, offset: number, chunk: string) =>
  m.request('POST', `/attempts/${lease.attempt_id}/logs`, {
    key: node.key,
    body: { node_id: node.id, token: lease.token, offset, chunk },
  });
const logOf = async (m: MasterUnderTest, id: string) =>
  (await m.client.call(jobOperations.logs, { params: { id } })).logs;

async function running(m: MasterUnderTest) {
  const node = await registerNode(m);
  const { id } = await m.submit();
  const claimed = await node.take();
  await node.progress(claimed);
  const send = async (offset: number, chunk: string) => {
    const reply = await append(m, node, claimed, offset, chunk);
    const { next_offset, error } = reply.json as { next_offset?: number; error?: { details: unknown } };
    return reply.status === 200 ? next_offset : error?.details;
  };
  return { node, id, claimed, send };
}

test('Chunks follow each other by offset; a repeat and an overlap change nothing, a gap is 409 with the expected offset', async (t) => {
  const m = await startMasterUnderTest(t);
  const { id, send } = await running(m);
  assert.equal(await send(0, 'abc'), 3);
  assert.equal(await send(0, 'abc'), 3);
  assert.equal(await send(1, 'bcde'), 5);
  assert.deepEqual(await send(7, 'late'), { expected_offset: 5 });
  assert.equal(await send(5, 'f\n'), 7);
  assert.equal(await send(0, ''), 7);
  assert.equal(await logOf(m, id), '--- transcode, attempt 1 on node-a ---\nabcdef\n');
});

test('Offsets count bytes, whatever letters the log is in', async (t) => {
  const m = await startMasterUnderTest(t);
  const { id, send } = await running(m);
  assert.equal(await send(0, 'größe 映画'), 14);
  assert.equal(await send(14, '!'), 15);
  assert.match(await logOf(m, id), /größe 映画!$/);
});

test('The attempts of a job each have their own log under their own heading', async (t) => {
  const m = await startMasterUnderTest(t);
  const { id, node, claimed, send } = await running(m);
  await send(0, 'first\n');
  await node.finish(claimed, { status: 'failed', failure_class: 'infrastructure', error: 'the network' });
  const second = await node.take();
  await append(m, node, second, 0, 'second\n');
  const headings = [1, 2].map((attempt) => `--- transcode, attempt ${attempt} on node-a ---\n`);
  assert.equal(await logOf(m, id), `${headings[0]}first\n\n${headings[1]}second\n`);
});

test('Without a log the error text is shown, and without either nothing', async (t) => {
  const m = await startMasterUnderTest(t);
  const { id, node, claimed } = await running(m);
  assert.equal(await logOf(m, id), '');
  await node.finish(claimed, { status: 'failed', failure_class: 'input', error: 'no video stream' });
  assert.equal(await logOf(m, id), 'no video stream');
});

test('The log in a result is used only when no chunk was sent', async (t) => {
  const m = await startMasterUnderTest(t);
  const { id, node, claimed, send } = await running(m);
  await send(0, 'chunk');
  await node.finish(claimed, { logs: 'from the result' });
  assert.match(await logOf(m, id), /---\nchunk$/);
  const other = await m.submit();
  await node.finish(await node.take(), { logs: 'from the result' });
  assert.match(await logOf(m, other.id), /---\nfrom the result$/);
});

test('An ended attempt takes no more log', async (t) => {
  const m = await startMasterUnderTest(t);
  const { id, node, claimed, send } = await running(m);
  await send(0, 'before');
  await node.finish(claimed);
  assert.equal((await append(m, node, claimed, 6, 'after')).status, 409);
  assert.match(await logOf(m, id), /before$/);
});

test('A log is followed live from its beginning to the end of the job, nothing twice', async (t) => {
  const m = await startMasterUnderTest(t);
  const { id, node, claimed, send } = await running(m);
  await send(0, 'one ');
  const texts: string[] = [];
  for await (const { name, data } of followPath(
    m.connection,
    `/jobs/${id}/logs?follow=1`,
    AbortSignal.timeout(20_000),
  )) {
    assert.equal(name, 'log');
    texts.push((data as { text: string }).text);
    if (texts.length === 1) await Promise.all([send(4, 'two '), send(4, 'two ')]);
    if (texts.length === 2) await send(8, 'three');
    if (texts.length === 3) await node.finish(claimed);
  }
  assert.deepEqual(texts, ['one ', 'two ', 'three']);
});

test('Following the log of an ended job gives it whole and ends', async (t) => {
  const m = await startMasterUnderTest(t);
  const { id, node, claimed, send } = await running(m);
  await send(0, 'all of it');
  await node.finish(claimed);
  const { text } = await m.request('GET', `/jobs/${id}/logs?follow=true`);
  assert.match(text, /event: log\ndata: .*"text":"all of it"/);
});

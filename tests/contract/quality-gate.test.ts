import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Claimed } from '@ffrtmp/shared/contract/dispatch';
import { jobOperations } from '@ffrtmp/shared/contract/jobs';
import type { Event } from '@ffrtmp/shared/contract/system';
import type { Figure } from '@ffrtmp/shared/energy/figure';
import type { JobRequestInput } from '@ffrtmp/shared/job/job';
import { followPath } from '../support/events.ts';
import { openScope } from '../support/scope.ts';
import { type FakeNode, joules, nodeWith, registerNode } from './fake-node.ts';
import { type MasterUnderTest, startMasterIn, startMasterUnderTest } from './master-under-test.ts';
import { putFile } from './tus.ts';

const WANTED = { min: { psnr: 40 } };
const gated: JobRequestInput = { quality: WANTED, parameters: { crf: 30 } };

function picture(psnr: number | null, frames: Partial<NonNullable<Figure['frames']>> = {}): Figure {
  const known = { value: psnr, low: psnr, high: psnr, quality: psnr === null ? 'none' : 'measured' } as const;
  const all = { count: 50, of: 50, mean: 41, harmonic_mean: 41, p5: 41, worst: 41, worst_frame: 0, interval: 1 };
  const source = psnr === null ? 'frame counts differ: 50 in the result, 49 in the source' : 'ffmpeg';
  return joules(0, { name: 'psnr', unit: 'dB', scope: [], ...known, source, frames: { ...all, ...frames } });
}

const digestOf = (text: string) => createHash('sha256').update(text).digest('hex');

/** Claims the encode of the round that is next, gives it an output and then claims its comparison. */
async function encode(m: MasterUnderTest, node: FakeNode, content: string): Promise<Claimed> {
  const claimed = await node.take();
  assert.equal(claimed.task.kind, 'transcode');
  await putFile(m, Buffer.from(content), { key: node.key });
  const artifacts = [{ role: 'output' as const, index: 0, sha256: digestOf(content), bytes: content.length }];
  await node.finish(claimed, { artifacts, figures: [joules(100)] });
  const comparison = await node.take();
  assert.equal(comparison.task.kind, 'quality');
  assert.equal(comparison.task.inputs.find(({ role }) => role === 'output')?.sha256, digestOf(content));
  return comparison;
}

const judge = (node: FakeNode, comparison: Claimed, figure: Figure) =>
  node.finish(comparison, { figures: [joules(5), figure] });
const tasksOf = async (m: MasterUnderTest, id: string) =>
  (await m.client.call(jobOperations.tasks, { params: { id } })).tasks;
const receiptOf = (m: MasterUnderTest, id: string) => m.client.call(jobOperations.receipt, { params: { id } });
const shown = async (m: MasterUnderTest, id: string) =>
  (await tasksOf(m, id)).map(({ kind, round, state, required }) => [kind, round, state, required]);

test('A result that is good enough is published when it has been judged, and not before', async (t) => {
  const m = await startMasterUnderTest(t);
  const node = await registerNode(m);
  const { id } = await m.submit(gated);
  const comparison = await encode(m, node, 'good');
  const before = await m.job(id);
  assert.deepEqual([before.status, before.outputs[0]?.sha256], ['running', null]);
  assert.equal((await receiptOf(m, id)).complete, false);
  assert.deepEqual(await judge(node, comparison, picture(40)), { status: 'accepted', job_status: 'completed' });
  const after = await m.job(id);
  assert.deepEqual([after.status, after.outputs[0]?.sha256], ['completed', digestOf('good')]);
  const receipt = await receiptOf(m, id);
  assert.deepEqual([receipt.complete, receipt.waste, receipt.quality.length], [true, [], 1]);
});

test('Below the wish the encode is made once more at higher quality, and what it cost before is waste', async (t) => {
  const m = await startMasterUnderTest(t);
  const node = await registerNode(m);
  const { id } = await m.submit(gated);
  const first = await encode(m, node, 'poor');
  assert.deepEqual(await judge(node, first, picture(38.123)), { status: 'accepted', job_status: 'running' });
  assert.deepEqual(await shown(m, id), [
    ['transcode', 1, 'succeeded', true],
    ['quality', 1, 'failed', true],
    ['transcode', 2, 'ready', true],
    ['quality', 2, 'blocked', true],
  ]);
  const between = await m.job(id);
  assert.deepEqual([between.status, between.outputs[0]?.sha256, between.error], ['running', null, null]);
  assert.match(between.why?.message ?? '', /free|next/);

  const second = await encode(m, node, 'better');
  assert.deepEqual(
    (await tasksOf(m, id)).map(({ spec }) => spec.encode.crf),
    [30, 30, 26, 26],
  );
  await judge(node, second, picture(40.5));
  const job = await m.job(id);
  assert.deepEqual([job.status, job.outputs[0]?.sha256, job.encode.crf], ['completed', digestOf('better'), 30]);

  const receipt = await receiptOf(m, id);
  assert.deepEqual(
    receipt.lines.map(({ task_kind, state, waste, cause }) => [task_kind, state, waste, cause]),
    [
      ['transcode', 'succeeded', true, 'below_quality'],
      ['quality', 'succeeded', true, 'below_quality'],
      ['transcode', 'succeeded', false, null],
      ['quality', 'succeeded', false, null],
    ],
  );
  assert.deepEqual(
    [receipt.energy, receipt.energy_quality, receipt.energy_waste].map(([sum]) => sum?.value),
    [100, 5, 105],
  );
  assert.deepEqual(
    receipt.waste.map(({ cause, attempts }) => [cause, attempts]),
    [['below_quality', 2]],
  );
  assert.deepEqual(
    receipt.quality.map(({ value }) => value),
    [40.5],
    'the picture is that of the result',
  );
  const stop = new AbortController();
  for await (const { data } of followPath(m.connection, '/events', stop.signal, '0')) {
    const { kind, from, to, reason } = data as Event;
    if (kind !== 'job' || from !== to) continue;
    assert.equal(reason, 'PSNR is 38.12 dB, wanted 40.00 dB: encoded again at higher quality');
    break;
  }
  stop.abort();
});

test('A second result below the wish fails the job, which says what was measured and what was wanted', async (t) => {
  const m = await startMasterUnderTest(t);
  const node = await registerNode(m);
  const { id } = await m.submit(gated);
  await judge(node, await encode(m, node, 'poor'), picture(38));
  const second = await encode(m, node, 'still poor');
  assert.deepEqual(await judge(node, second, picture(39)), { status: 'accepted', job_status: 'failed' });
  const job = await m.job(id);
  assert.deepEqual(
    [job.status, job.failure_class, job.error, job.outputs[0]?.sha256],
    ['failed', 'quality', 'PSNR is 39.00 dB, wanted 40.00 dB', null],
  );
  const receipt = await receiptOf(m, id);
  assert.ok(receipt.lines.every(({ cause }) => cause === 'below_quality'));
  assert.deepEqual([receipt.energy, receipt.energy_waste[0]?.value], [[], 210]);

  // By request it gets a third round, one step higher again.
  await m.client.call(jobOperations.retry, { params: { id } });
  const third = await encode(m, node, 'good');
  assert.deepEqual([third.task.round, third.task.spec.encode.crf], [3, 22]);
  assert.equal((await judge(node, third, picture(42))).job_status, 'completed');
  assert.equal((await m.job(id)).outputs[0]?.sha256, digestOf('good'));
});

test('The same verdict again changes nothing: there is one second round', async (t) => {
  const m = await startMasterUnderTest(t);
  const node = await registerNode(m);
  const { id } = await m.submit(gated);
  const comparison = await encode(m, node, 'poor');
  await judge(node, comparison, picture(38));
  assert.deepEqual(await judge(node, comparison, picture(38)), { status: 'repeated', job_status: 'running' });
  await assert.rejects(judge(node, comparison, picture(50)), { code: 'stale_attempt' });
  assert.equal((await tasksOf(m, id)).length, 4);
});

test('A master that starts again between two rounds goes on with the second', async (t) => {
  const scope = openScope(t);
  const db = join(scope.dir, 'master.db');
  const first = await startMasterIn(scope, { db });
  const node = await registerNode(first);
  const { id } = await first.submit(gated);
  await judge(node, await encode(first, node, 'poor'), picture(38));
  await first.stop();
  const again = await startMasterIn(scope, { db, dataDir: first.dataDir });
  const m = { ...again, client: again.as(first.adminKey) };
  const back = nodeWith(again, node.id, node.key);
  const second = await encode(m, back, 'better');
  assert.deepEqual([second.task.round, second.task.spec.encode.crf], [2, 26]);
  assert.equal((await judge(back, second, picture(41))).job_status, 'completed');
  const job = await m.client.call(jobOperations.get, { params: { id } });
  assert.equal(job.outputs[0]?.sha256, digestOf('better'));
});

test('A job that is canceled between two rounds ends, and nothing of it is published', async (t) => {
  const m = await startMasterUnderTest(t);
  const node = await registerNode(m);
  const { id } = await m.submit(gated);
  await judge(node, await encode(m, node, 'poor'), picture(38));
  await m.client.call(jobOperations.cancel, { params: { id } });
  const job = await m.job(id);
  assert.deepEqual([job.status, job.outputs[0]?.sha256], ['canceled', null]);
  assert.deepEqual((await node.claim()).jobs, []);
  // Retried, it goes on with the round it was in.
  await m.client.call(jobOperations.retry, { params: { id } });
  const second = await encode(m, node, 'better');
  assert.equal(second.task.round, 2);
  assert.equal((await judge(node, second, picture(41))).job_status, 'completed');
});

test('A job that is paused between two rounds keeps the round it is in', async (t) => {
  const m = await startMasterUnderTest(t);
  const node = await registerNode(m);
  const { id } = await m.submit(gated);
  await judge(node, await encode(m, node, 'poor'), picture(38));
  await m.client.call(jobOperations.pause, { params: { id } });
  assert.equal((await m.job(id)).status, 'paused');
  assert.deepEqual((await node.claim()).jobs, []);
  await m.client.call(jobOperations.resume, { params: { id } });
  assert.equal((await judge(node, await encode(m, node, 'better'), picture(41))).job_status, 'completed');
});

test('A second round whose encode fails for good fails the job, and a retry repeats that round alone', async (t) => {
  const m = await startMasterUnderTest(t);
  const node = await registerNode(m);
  const { id } = await m.submit(gated);
  await judge(node, await encode(m, node, 'poor'), picture(38));
  await node.finish(await node.take(), { status: 'failed', failure_class: 'input', error: 'broken' });
  assert.deepEqual([(await m.job(id)).status, (await m.job(id)).failure_class], ['failed', 'input']);
  await m.client.call(jobOperations.retry, { params: { id } });
  assert.deepEqual(
    (await shown(m, id)).map(([, round, state]) => [round, state]),
    [
      [1, 'succeeded'],
      [1, 'failed'],
      [2, 'ready'],
      [2, 'blocked'],
    ],
  );
  assert.equal((await judge(node, await encode(m, node, 'better'), picture(41))).job_status, 'completed');
});

test('What cannot be measured does not pass, and is not encoded again for it', async (t) => {
  const m = await startMasterUnderTest(t);
  const node = await registerNode(m);
  const { id } = await m.submit(gated);
  assert.equal((await judge(node, await encode(m, node, 'short'), picture(null))).job_status, 'failed');
  const job = await m.job(id);
  assert.deepEqual(
    [job.failure_class, job.error],
    ['quality', 'no PSNR: frame counts differ: 50 in the result, 49 in the source'],
  );
  assert.equal((await tasksOf(m, id)).length, 2);
});

test('The worst frames decide where the job says so, and `once` ends it at the first result', async (t) => {
  const m = await startMasterUnderTest(t);
  const node = await registerNode(m);
  const { id } = await m.submit({ ...gated, quality: { ...WANTED, on: 'p5', once: true } });
  const comparison = await encode(m, node, 'uneven');
  assert.equal((await judge(node, comparison, picture(45, { p5: 39.5 }))).job_status, 'failed');
  assert.equal((await m.job(id)).error, 'PSNR of the worst 5 % of the frames is 39.50 dB, wanted 40.00 dB');
});

test('Without a least quality the comparison is for information: the result is there before it', async (t) => {
  const m = await startMasterUnderTest(t);
  const node = await registerNode(m);
  const { id } = await m.submit({ quality: {} });
  const comparison = await encode(m, node, 'any');
  assert.equal((await m.job(id)).outputs[0]?.sha256, digestOf('any'));
  assert.equal((await judge(node, comparison, picture(1))).job_status, 'completed');
});

test('A result that needs a VMAF is judged only by a node that measures one, and `why` says that there is none', async (t) => {
  const m = await startMasterUnderTest(t);
  const reason = 'this ffmpeg has no libvmaf';
  const node = await registerNode(m, 'plain', { vmaf: { works: false, by: null, reason } });
  const request: JobRequestInput = { quality: { metrics: ['psnr'], min: { vmaf: 90 } } };
  await assert.rejects(m.submit({ ...request, require_capable: true }), {
    code: 'no_capable_node',
    message: /its quality task: plain does not measure VMAF: this ffmpeg has no libvmaf/,
  });
  const { id } = await m.submit(request);
  const before = (await m.job(id)).why;
  assert.equal(before?.reason, 'ready');
  assert.match(before?.message ?? '', /its quality task would wait then: .* plain does not measure VMAF/);
  const claimed = await node.take();
  await putFile(m, Buffer.from('film'), { key: node.key });
  const artifacts = [{ role: 'output' as const, index: 0, sha256: digestOf('film'), bytes: 4 }];
  await node.finish(claimed, { artifacts });
  assert.deepEqual((await node.claim()).jobs, []);
  const { why } = await m.job(id);
  assert.equal(why?.reason, 'no_capable_node');
  assert.match(why?.message ?? '', /plain does not measure VMAF: this ffmpeg has no libvmaf/);

  const able = await registerNode(m, 'able', { vmaf: { works: true, by: 'libvmaf', reason: null } });
  const comparison = await able.take();
  assert.ok(comparison.task.spec.kind === 'quality');
  assert.deepEqual(comparison.task.spec.metrics, ['psnr', 'vmaf'], 'what has to reach a value is measured');
  const vmaf = joules(0, { name: 'vmaf', unit: 'points', scope: [], value: 93.2 });
  assert.equal((await able.finish(comparison, { figures: [vmaf] })).job_status, 'completed');
});

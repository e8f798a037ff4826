import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { downloadFile } from '@ffrtmp/runtime/transfer';
import { jobOperations } from '@ffrtmp/shared/contract/jobs';
import { nodeOperations } from '@ffrtmp/shared/contract/nodes';
import type { Receipt } from '@ffrtmp/shared/energy/receipt';
import { engine } from '../support/engine.ts';
import { submit, waitForJob } from '../support/events.ts';
import { type RunningMaster, startAgent, startMaster } from '../support/fleet.ts';
import { openScope, type Scope } from '../support/scope.ts';
import { untilTidy } from '../support/until.ts';
import { engineWithVmaf, vmafProgram } from '../support/vmaf.ts';

const request = { scenario: '360p25-h264-ultrafast', parameters: { duration: 2 } };
const figureOf = ({ quality }: Receipt, name: string) => quality.find((figure) => figure.name === name);

async function judged(scope: Scope, args: string[], quality: object) {
  const master = await startMaster(scope);
  const agent = await startAgent(scope, master, { address: 'one', args });
  const job = await waitForJob(master, (await submit(master, { ...request, quality })).id);
  assert.equal(job.status, 'completed', job.error ?? '');
  const params = { id: job.id };
  const receipt = await master.client.call(jobOperations.receipt, { params });
  const node = await master.client.call(nodeOperations.get, { params: { id: agent.nodeId } });
  return { master, agent, receipt, node };
}

async function keptLog(scope: Scope, master: RunningMaster, receipt: Receipt) {
  const kept = receipt.outputs.find(({ role }) => role === 'quality_log');
  assert.ok(kept, 'the values of the frames are kept');
  const path = `${scope.folder('kept')}/quality.json.gz`;
  await downloadFile(master.connection, kept, path);
  return JSON.parse(gunzipSync(readFileSync(path)).toString());
}

test('Without libvmaf the receipt says so, and PSNR and SSIM have every frame behind them', async (t) => {
  const scope = openScope(t);
  const { master, agent, receipt, node } = await judged(scope, ['--ffmpeg', engine(scope)], {});
  const vmaf = figureOf(receipt, 'vmaf');
  assert.deepEqual(
    [vmaf?.value, vmaf?.quality, vmaf?.unit, vmaf?.source],
    [null, 'none', 'points', 'this ffmpeg has no libvmaf'],
  );
  assert.deepEqual(node.vmaf, { works: false, by: null, reason: 'this ffmpeg has no libvmaf' });
  const frames = figureOf(receipt, 'psnr')?.frames;
  assert.deepEqual([frames?.count, frames?.of, frames?.interval], [50, 50, 1]);
  const kept = await keptLog(scope, master, receipt);
  assert.equal(Math.min(...kept.psnr).toFixed(1), frames?.worst.toFixed(1));
  assert.equal(kept.psnr.indexOf(Math.min(...kept.psnr)), frames?.worst_frame);
  await untilTidy(agent.dataDir);
});

for (const [by, args] of [
  ['libvmaf', (scope: Scope) => ['--ffmpeg', engineWithVmaf(scope)]],
  ['vmaf', (scope: Scope) => ['--ffmpeg', engine(scope), '--vmaf', vmafProgram(scope)]],
] as const)
  test(`VMAF by ${by} stands in the receipt with what its frames came to`, async (t) => {
    const scope = openScope(t);
    const { agent, receipt, node } = await judged(scope, args(scope), { sample: 7 });
    assert.deepEqual(node.vmaf, { works: true, by, reason: null });
    const vmaf = figureOf(receipt, 'vmaf');
    assert.deepEqual(vmaf?.frames, {
      ...{ count: 8, of: 50, interval: 7, worst_frame: 49, worst: 94.1, p5: 94.1, mean: vmaf?.value },
      harmonic_mean: vmaf?.frames?.harmonic_mean,
    });
    assert.equal(vmaf?.value?.toFixed(2), '96.55');
    assert.equal(vmaf?.coverage, 8 / 50);
    assert.match(vmaf?.source ?? '', /^libvmaf 0\.0\.0, vmaf_v0\.6\.1, one frame in 7 of 50 frames$/);
    assert.ok(
      receipt.energy_quality.some(({ value }) => (value ?? 0) > 0),
      'the comparison has its own energy line',
    );
    await untilTidy(agent.dataDir);
  });

test('A result below what the job asks for is encoded again at higher quality, and only the second is published', async (t) => {
  const scope = openScope(t);
  const master = await startMaster(scope);
  const agent = await startAgent(scope, master, { address: 'one', args: ['--ffmpeg', engine(scope)] });
  const run = async (crf: number, quality: object) => {
    const asked = { ...request, parameters: { duration: 1, crf }, quality: { metrics: ['psnr' as const], ...quality } };
    const job = await waitForJob(master, (await submit(master, asked)).id);
    return { job, receipt: await master.client.call(jobOperations.receipt, { params: { id: job.id } }) };
  };
  const psnrOf = ({ receipt }: { receipt: Receipt }) => figureOf(receipt, 'psnr')?.value ?? 0;
  const [poor, better] = [psnrOf(await run(40, {})), psnrOf(await run(36, {}))];
  assert.ok(poor > 0 && better > poor + 0.5, `${poor} dB, ${better} dB`);

  const gated = await run(40, { min: { psnr: (poor + better) / 2 } });
  assert.equal(gated.job.status, 'completed', gated.job.error ?? '');
  const encodes = gated.receipt.lines.filter(({ task_kind: kind }) => kind === 'transcode');
  assert.deepEqual(
    encodes.map(({ waste, cause }) => [waste, cause]),
    [
      [true, 'below_quality'],
      [false, null],
    ],
  );
  assert.ok(Math.abs(psnrOf(gated) - better) < 0.2, `${psnrOf(gated)} dB`);
  assert.ok(gated.receipt.energy_waste.some(({ value }) => (value ?? 0) > 0));
  const [output] = gated.job.outputs;
  assert.ok(output?.sha256 && output.bytes === encodes[1]?.metrics?.output_bytes);
  const beyond = await run(40, { min: { psnr: 98 } });
  assert.deepEqual([beyond.job.status, beyond.job.failure_class], ['failed', 'quality']);
  assert.match(beyond.job.error ?? '', /^PSNR is \d\d\.\d\d dB, wanted 98\.00 dB$/);
  assert.equal(beyond.job.outputs[0]?.sha256, null);
  await untilTidy(agent.dataDir);
});

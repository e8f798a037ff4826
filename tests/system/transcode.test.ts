import assert from 'node:assert/strict';
import { test } from 'node:test';
import { jobOperations } from '@ffrtmp/shared/contract/jobs';
import type { Attempt } from '@ffrtmp/shared/job/attempt';
import { engine } from '../support/engine.ts';
import { followPath, submit, waitForEncode, waitForJob } from '../support/events.ts';
import { attemptsOf, fetchOutput, probeFilm, submitFilm, tasksOf } from '../support/film.ts';
import { type RunningMaster, startAgent, startMaster } from '../support/fleet.ts';
import { clip } from '../support/media.ts';
import { openScope } from '../support/scope.ts';
import { untilTidy } from '../support/until.ts';

const getReceipt = (master: RunningMaster, id: string) => master.client.call(jobOperations.receipt, { params: { id } });

/** No path stands bare in the arguments, and none is relative: each has its scheme and begins at the root. */
function assertPathsConfined({ environment }: Attempt, folder: string): void {
  const argv = environment?.argv ?? [];
  assert.match(argv[0] ?? '', /^\/.*\/ffmpeg$/);
  const words = argv.slice(1);
  const inputs = words.filter((_word, index) => words[index - 1] === '-i');
  assert.ok(inputs.length > 0);
  for (const word of [...inputs, ...words.filter((each) => /^\/|\.(?:mp4|mkv|webm)$/.test(each))])
    assert.ok(word.startsWith(`file:${folder}/jobs/`), `${word} does not lie in the job’s folder`);
  const allowed = words.filter((_word, index) => words[index - 1] === '-protocol_whitelist');
  assert.deepEqual(
    allowed,
    inputs.map(() => 'file'),
  );
  assert.ok(words.includes('-nostdin') && words.includes('-progress'));
}

test('A scenario job runs from submit to receipt, and another task of an agent judges its picture', async (t) => {
  const scope = openScope(t);
  const master = await startMaster(scope);
  const agent = await startAgent(scope, master, { address: 'one' });
  const request = { scenario: '360p25-h264-ultrafast', parameters: { duration: 2 }, quality: {} };
  const job = await waitForJob(master, (await submit(master, request)).id);
  assert.equal(job.status, 'completed', job.error ?? '');

  const [transcode, quality] = await attemptsOf(master, job.id);
  assert.ok(transcode && quality);
  assert.deepEqual(
    [transcode, quality].map(({ task_kind, state, attempt, node_id }) => [task_kind, state, attempt, node_id]),
    [
      ['transcode', 'succeeded', 1, agent.nodeId],
      ['quality', 'succeeded', 1, agent.nodeId],
    ],
  );
  for (const attempt of [transcode, quality]) assertPathsConfined(attempt, agent.dataDir);
  const { environment } = transcode;
  assert.match(environment?.ffmpeg ?? '', /^ffmpeg version/);
  assert.match(environment?.encoder ?? '', /x264/);
  assert.ok(environment?.cpu_model && environment.cpu_threads > 0 && environment.power_source);

  const receipt = await getReceipt(master, job.id);
  assert.ok(receipt.complete);
  assert.deepEqual(receipt.quality.map(({ name }) => name).sort(), ['psnr', 'psnr_y', 'ssim', 'vmaf']);
  for (const { name, value } of receipt.quality.filter((figure) => figure.name !== 'vmaf'))
    assert.ok(value !== null && value > (name === 'ssim' ? 0.8 : 25), `${name} is ${value}`);
  for (const sums of [receipt.energy, receipt.energy_quality]) {
    const full = sums.find(({ name }) => name === 'energy_full');
    assert.ok(full?.value && full.low !== null && full.high !== null && full.source !== '', JSON.stringify(sums));
  }
  assert.ok(receipt.joules_per_megapixel_frame);
  assert.deepEqual(receipt.energy_waste, []);
  assert.deepEqual(receipt.cost, { figures: [], reason: 'none: no tariff is configured' });

  const output = await fetchOutput(scope, master, job);
  const streams = await probeFilm(output);
  assert.deepEqual(
    streams.map(({ codec_name, width, height }) => [codec_name, width, height]),
    [
      ['h264', 640, 360],
      ['aac', undefined, undefined],
    ],
  );
  assert.equal(streams[0]?.nb_read_frames, '50');
  await untilTidy(agent.dataDir);
});

test('A film goes up, is encoded and judged on an agent, and its log is there before it ends', async (t) => {
  const scope = openScope(t);
  const master = await startMaster(scope);
  const args = ['--ffmpeg', engine(scope, { paced: true })];
  const agent = await startAgent(scope, master, { address: 'one', args });
  const film = await clip('motion', { seconds: 4 });
  const { id } = await submitFilm(master, film, { scenario: '360p-h264-ultrafast', quality: { metrics: ['psnr'] } });
  const progress = await waitForEncode(master, id);
  assert.ok((progress.percent ?? 0) > 0 && (progress.percent ?? 100) < 100, `${progress.percent} %`);
  const live = followPath(master.connection, `/jobs/${id}/logs?follow=1`, AbortSignal.timeout(30_000));
  const { value: first } = await live.next();
  assert.equal((await master.client.call(jobOperations.get, { params: { id } })).status, 'running');
  assert.match((first as { data: { text: string } }).data.text, /Input #0/);

  const job = await waitForJob(master, id);
  assert.equal(job.status, 'completed', job.error ?? '');
  for await (const { data } of live) assert.ok((data as { text: string }).text.length > 0);
  const [transcode, quality] = await tasksOf(master, id);
  assert.deepEqual([transcode?.kind, quality?.kind, quality?.needs], ['transcode', 'quality', [transcode?.id]]);
  const receipt = await getReceipt(master, id);
  assert.deepEqual(receipt.quality.map(({ name }) => name).sort(), ['psnr', 'psnr_y']);
  const [picture] = await probeFilm(await fetchOutput(scope, master, job));
  assert.deepEqual([picture?.width, picture?.height, picture?.nb_read_frames], [640, 360, '100']);
  const { logs } = await master.client.call(jobOperations.logs, { params: { id } });
  assert.match(logs, /--- transcode, attempt 1 on one ---[\s\S]*--- quality, attempt 1 on one ---/);
  await untilTidy(agent.dataDir);
});

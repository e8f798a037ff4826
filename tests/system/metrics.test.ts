import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { masterMetrics, pageMetrics, workerMetrics } from '@ffrtmp/shared/metrics';
import { plantHost } from '../support/cgroup-tree.ts';
import { engine } from '../support/engine.ts';
import { waitForEncode, waitForJob } from '../support/events.ts';
import { type Family, parsePage, shapeOf, valueOn } from '../support/exposition.ts';
import { buildNvml } from '../support/fake-nvml.ts';
import { submitFilm } from '../support/film.ts';
import { startAgent, startMaster } from '../support/fleet.ts';
import { clip } from '../support/media.ts';
import { plantTree, powercapTree } from '../support/power-trees.ts';
import { type Program, repository } from '../support/process.ts';
import { openScope } from '../support/scope.ts';

/** `UPDATE_GOLDEN=1 node --test tests/system/metrics.test.ts` writes the pages again, for a person to compare. */
function compareWithGolden(name: string, shape: string): void {
  const folder = join(repository, 'tests/system/golden');
  const path = join(folder, name);
  mkdirSync(folder, { recursive: true });
  if (process.env.UPDATE_GOLDEN === '1') writeFileSync(path, `${shape}\n`);
  assert.equal(`${shape}\n`, readFileSync(path, 'utf8'), `${name}: with UPDATE_GOLDEN=1 this test writes it again`);
}

async function scrape(program: Program): Promise<Family[]> {
  const [, port] = await program.waitForLine(/"port":(\d+).*metrics are served/);
  const reply = await fetch(`http://127.0.0.1:${port}/metrics`);
  assert.match(reply.headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/);
  return parsePage(await reply.text());
}

const namesOf = (...tables: Record<string, { name: string }>[]) =>
  tables.flatMap((one) => Object.values(one).map(({ name }) => name)).sort();

/** A host with one CPU package, its memory, a GPU and containers, whatever this one has. */
function machine(scope: ReturnType<typeof openScope>): string[] {
  const zone = (name: string) => ({ name, energyUj: 65_000_000, limitW: 200 });
  const zones = powercapTree({ 'intel-rapl:0': zone('package-0'), 'intel-rapl:0:0': zone('dram') });
  const powercap = join(plantTree(scope.folder('sys'), zones), 'class/powercap');
  const groups = scope.folder('cgroup');
  plantHost(groups);
  const { library } = buildNvml(scope);
  return ['--powercap-root', powercap, '--cgroup-root', groups, '--nvml', library];
}

test('Both pages after a real job are what they are documented to be, family by family', async (t) => {
  const scope = openScope(t);
  const master = await startMaster(scope, { args: ['--log-level', 'info'] });
  const args = [...machine(scope), '--ffmpeg', engine(scope, { paced: true })];
  const agent = await startAgent(scope, master, { address: 'one', args });
  const film = await clip('motion', { seconds: 3 });
  const { id } = await submitFilm(master, film, { scenario: '360p-h264-ultrafast', quality: { metrics: ['psnr'] } });
  await waitForEncode(master, id);
  const running = { task: 'transcode', encoder: 'libx264' };
  assert.equal(valueOn(await scrape(agent.program), 'ffrtmp_worker_ffmpeg_running', running), 1);
  assert.equal((await waitForJob(master, id)).status, 'completed');

  const worker = await scrape(agent.program);
  assert.deepEqual(worker.map(({ name }) => name).sort(), namesOf(workerMetrics, pageMetrics));
  assert.equal(valueOn(worker, 'ffrtmp_worker_attempts_total', { task: 'transcode', outcome: 'completed' }), 1);
  assert.ok((valueOn(worker, 'ffrtmp_worker_ffmpeg_frames_total', running) ?? 0) >= 70);
  for (const exporter of ['cpu', 'energy', 'gpu', 'ffmpeg', 'containers'])
    assert.equal(valueOn(worker, 'ffrtmp_exporter_up', { exporter, reason: 'ok' }), 1, exporter);
  compareWithGolden('worker-metrics.txt', shapeOf(worker));

  let page = await scrape(master.program);
  // What is looked up beside the work is there a few turns of the loop later.
  while (valueOn(page, 'ffrtmp_master_psnr_decibels_count') !== 1) page = await scrape(master.program);
  assert.deepEqual(page.map(({ name }) => name).sort(), namesOf(masterMetrics, pageMetrics));
  assert.equal(valueOn(page, 'ffrtmp_master_attempts_total', { task: 'quality', outcome: 'succeeded' }), 1);
  const energy = page.find(({ name }) => name === 'ffrtmp_master_energy_joules_total')?.series ?? [];
  assert.ok(
    energy.some(({ labels }) => labels.part === 'encode') && energy.some(({ labels }) => labels.part === 'quality'),
  );
  compareWithGolden('master-metrics.txt', shapeOf(page));
  const values = [...worker, ...page].flatMap(({ series }) => series).flatMap(({ labels }) => Object.values(labels));
  const unbounded = values.filter((value) => value.includes(id) || /^[0-9a-f]{8}-[0-9a-f]{4}-7/.test(value));
  assert.deepEqual(unbounded, [], 'no label names a job, a task or an attempt');
});

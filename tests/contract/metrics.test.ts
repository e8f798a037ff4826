import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Figure } from '@ffrtmp/shared/energy/figure';
import { masterMetrics, pageMetrics } from '@ffrtmp/shared/metrics';
import { type Family, parsePage, valueOn } from '../support/exposition.ts';
import { openScope } from '../support/scope.ts';
import { heldOf, joules, registerNode } from './fake-node.ts';
import { type MasterUnderTest, startMasterIn, startMasterUnderTest } from './master-under-test.ts';

async function page({ master }: MasterUnderTest) {
  await master.metrics.collect();
  return parsePage(await master.metrics.registry.metrics());
}

/** What is looked up beside the work is on the page a few turns of the loop later. */
async function pageWith(m: MasterUnderTest, wanted: (families: Family[]) => boolean) {
  for (let looks = 0; looks < 1000; looks += 1) {
    const families = await page(m);
    if (wanted(families)) return families;
  }
  throw new Error('a thousand pages without it');
}

const picture = (name: Figure['name'], value: number, unit: Figure['unit']): Figure => ({
  ...{ name, value, unit, scope: [], method: `ffmpeg-${name}`, quality: 'measured' },
  ...{ coverage: 1, low: null, high: null, source: 'a test' },
});

test('What attempts came to is counted by outcome, class, task and encoder, and waste apart', async (t) => {
  const m = await startMasterUnderTest(t);
  const node = await registerNode(m);
  await m.submit({ max_retries: 1 });
  const first = await node.take();
  await node.progress(first);
  await node.finish(first, { status: 'failed', failure_class: 'infrastructure', error: 'gone', figures: [joules(3)] });
  m.clock.advance(3_600_000);
  await m.master.sweep();
  const second = await node.take();
  await node.progress(second);
  const metrics = { duration: 2, frames: 50, output_bytes: 1000, media_s: 4 };
  await node.finish(second, { metrics, figures: [joules(7), { ...joules(1), value: null, quality: 'none' }] });
  const families = await page(m);
  const failed = { task: 'transcode', outcome: 'failed', failure_class: 'infrastructure' };
  assert.equal(valueOn(families, 'ffrtmp_master_attempts_total', failed), 1);
  const kept = { task: 'transcode', outcome: 'succeeded', failure_class: 'none' };
  assert.equal(valueOn(families, 'ffrtmp_master_attempts_total', kept), 1);
  const { scope, quality } = joules(1);
  const labels = { figure: 'active', scope: scope.join(), quality };
  assert.equal(valueOn(families, 'ffrtmp_master_energy_joules_total', { ...labels, part: 'encode' }), 7);
  assert.equal(valueOn(families, 'ffrtmp_master_energy_joules_total', { ...labels, part: 'waste' }), 3);
  assert.equal(valueOn(families, 'ffrtmp_master_energy_unknown_total', { part: 'encode' }), 1);
  const encoder = { encoder: 'libx264' };
  assert.equal(valueOn(families, 'ffrtmp_master_frames_total', encoder), 50);
  assert.equal(valueOn(families, 'ffrtmp_master_engine_seconds_total', encoder), 2);
  assert.equal(valueOn(families, 'ffrtmp_master_output_bytes_total', encoder), 1000);
  assert.equal(valueOn(families, 'ffrtmp_master_wait_seconds_count', { queue: 'default' }), 1, 'a retry is no wait');
  assert.equal(valueOn(families, 'ffrtmp_master_start_seconds_count'), 2);
});

test('The energy of an attempt that is lost is waste, and what its agent says later adds only the difference', async (t) => {
  const m = await startMasterUnderTest(t, { flags: ['--lease', '5s'] });
  const node = await registerNode(m);
  await m.submit();
  const claimed = await node.take();
  const said = {
    percent: 10,
    phase: 'encode',
    fps: null,
    speed: null,
    eta_s: null,
    frames: null,
    energy: [joules(10)],
  };
  await node.heartbeat({ attempts: [{ ...heldOf(claimed), progress: said }] });
  await m.request('POST', `/jobs/${claimed.job.id}/cancel`);
  const waste = async () =>
    valueOn(await page(m), 'ffrtmp_master_energy_joules_total', { figure: 'active', part: 'waste' });
  assert.equal(await waste(), 10);
  await node.finish(claimed, { status: 'canceled', figures: [joules(12)] });
  assert.equal(await waste(), 12);
});

test('A picture is counted under its codec and height, with the pixels a joule of the encode by scope and quality', async (t) => {
  const m = await startMasterUnderTest(t);
  const node = await registerNode(m);
  await m.submit({ scenario: '360p-h264', quality: { metrics: ['psnr', 'ssim'] } });
  const encode = await node.take();
  const metrics = { width: 640, height: 358, frames: 100, duration: 2 };
  await node.finish(encode, { metrics, figures: [joules(50)] });
  const compare = await node.take();
  const figures = [picture('vmaf', 90, 'points'), picture('psnr', 40, 'dB'), picture('ssim', 0.98, 'ratio')];
  await node.finish(compare, { metrics: { duration: 1 }, figures: [...figures, joules(5)] });
  const where = { codec: 'h264', height: '360' };
  const families = await pageWith(m, (found) => valueOn(found, 'ffrtmp_master_vmaf_points_count', where) === 1);
  assert.equal(valueOn(families, 'ffrtmp_master_psnr_decibels_sum', where), 40);
  assert.equal(valueOn(families, 'ffrtmp_master_ssim_ratio_sum', where), 0.98);
  const { scope, quality } = joules(1);
  const efficiency = valueOn(families, 'ffrtmp_master_qoe_pixels_per_joule', {
    ...where,
    scope: scope.join(),
    quality,
  });
  assert.equal(efficiency, (640 * 358 * 100 * 0.9) / 50);
  assert.equal(valueOn(families, 'ffrtmp_master_energy_joules_total', { figure: 'active', part: 'quality' }), 5);
});

test('Numbers under names of the agent’s own are shown by name, fifty names at most', async (t) => {
  const m = await startMasterUnderTest(t);
  const node = await registerNode(m);
  const many = Object.fromEntries(Array.from({ length: 60 }, (_, index) => [`mine_${index}`, index]));
  await m.submit();
  await node.finish(await node.take(), { metrics: { ...many, 'no name': 1, text: 'none', duration: 1 } });
  const families = await page(m);
  const names = families.find(({ name }) => name === 'ffrtmp_master_custom_metric')?.series ?? [];
  assert.equal(names.length, 50);
  assert.equal(valueOn(families, 'ffrtmp_master_custom_metric', { name: 'mine_7' }), 7);
  assert.equal(valueOn(families, 'ffrtmp_master_custom_metrics_dropped_total'), 11);
});

test('Jobs that retention has deleted stay counted as what they came to, across a restart', async (t) => {
  const scope = openScope(t);
  const options = { flags: ['--keep-jobs', '1h'], dataDir: join(scope.dir, 'data'), db: join(scope.dir, 'master.db') };
  const m = await startMasterIn(scope, options);
  const node = await registerNode(m);
  for (const status of ['completed', 'failed', 'completed'] as const) {
    await m.submit({ max_retries: 0 });
    await node.finish(await node.take(), { status });
  }
  const counts = async (master: MasterUnderTest) => {
    const families = await page(master);
    const rows = valueOn(families, 'ffrtmp_master_jobs_total', { status: 'completed' });
    return [rows, valueOn(families, 'ffrtmp_jobs_completed'), valueOn(families, 'ffrtmp_jobs_failed')];
  };
  assert.deepEqual(await counts(m), [2, 2, 1]);
  m.clock.advance(2 * 3_600_000);
  await m.master.prune();
  assert.deepEqual(await counts(m), [0, 2, 1]);
  await m.stop();
  assert.deepEqual(await counts(await startMasterIn(scope, options)), [0, 2, 1]);
});

test('A queue with nothing in it has its row, and the wait of the head is that of the oldest task', async (t) => {
  const m = await startMasterUnderTest(t);
  await m.submit({ queue: 'live', priority: 'high' });
  m.clock.advance(60_000);
  const families = await page(m);
  const rows = families.find(({ name }) => name === 'ffrtmp_master_queue_ready')?.series ?? [];
  assert.equal(rows.length, 9);
  const live = { queue: 'live', priority: 'high' };
  assert.equal(valueOn(families, 'ffrtmp_master_queue_ready', live), 1);
  const waited = valueOn(families, 'ffrtmp_master_queue_oldest_wait_seconds', live) ?? 0;
  assert.ok(waited >= 60 && waited < 90, `${waited} s`);
  assert.equal(valueOn(families, 'ffrtmp_master_queue_oldest_wait_seconds', { queue: 'batch', priority: 'low' }), 0);
});

test('A store that does not answer makes its exporter unhealthy and its series absent, and the page is served', async (t) => {
  const m = await startMasterUnderTest(t);
  assert.equal(valueOn(await page(m), 'ffrtmp_exporter_up', { exporter: 'store', reason: 'ok' }), 1);
  assert.ok((valueOn(await page(m), 'ffrtmp_master_database_bytes') ?? 0) > 0);
  await m.stop();
  const families = await page(m);
  assert.equal(valueOn(families, 'ffrtmp_exporter_up', { exporter: 'store' }), 0);
  assert.equal(valueOn(families, 'ffrtmp_master_database_bytes'), undefined);
  assert.equal(valueOn(families, 'ffrtmp_exporter_up', { exporter: 'fleet', reason: 'ok' }), 1);
});

/** Label values may come from these places alone: nothing of a job, a file or an address. */
const bounded = new Set([
  ...['exporter', 'reason', 'version', 'status', 'result', 'queue', 'priority', 'kind', 'place', 'name', 'le'],
  ...[
    'task',
    'outcome',
    'failure_class',
    'encoder',
    'figure',
    'part',
    'scope',
    'quality',
    'currency',
    'codec',
    'height',
  ],
]);

test('Every metric has the unit of its name, help, and labels that are bounded', () => {
  for (const { name, type, help, labels } of Object.values({ ...masterMetrics, ...pageMetrics })) {
    assert.ok(help.length > 5, name);
    assert.match(name, /^(?:ffrtmp|process)_[a-z0-9_]+$/);
    assert.deepEqual(
      labels.filter((label) => !bounded.has(label)),
      [],
      name,
    );
    if (type === 'histogram') assert.match(name, /_(?:seconds|points|decibels|ratio)$/);
    // Two counters and two gauges of the seeds keep the names they were given.
    const given = ['ffrtmp_jobs_completed', 'ffrtmp_jobs_failed', 'ffrtmp_nodes_total'];
    const gauges = ['ffrtmp_master_jobs_total', 'ffrtmp_master_nodes_total'];
    if (![...given, ...gauges].includes(name)) assert.equal(name.endsWith('_total'), type === 'counter', name);
  }
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startMetricsServer } from '@ffrtmp/runtime/metrics-server';
import { masterMetrics } from '@ffrtmp/shared/metrics';
import { NODE_OFFLINE_MS } from '@ffrtmp/shared/node/node';
import { registerNode } from './fake-node.ts';
import { type MasterUnderTest, startMasterUnderTest } from './master-under-test.ts';

/** Name and type as the seeds fix them. */
const seeds = {
  ffrtmp_jobs_pending: 'gauge',
  ffrtmp_jobs_running: 'gauge',
  ffrtmp_jobs_completed: 'counter',
  ffrtmp_jobs_failed: 'counter',
  ffrtmp_nodes_total: 'gauge',
  ffrtmp_nodes_available: 'gauge',
  ffrtmp_nodes_busy: 'gauge',
  ffrtmp_job_duration_seconds: 'histogram',
};

async function scrape(m: MasterUnderTest): Promise<string> {
  const { registry, collect } = m.master.metrics;
  const server = await startMetricsServer({ host: '127.0.0.1', port: 0, registry, collect });
  const reply = await m.client.settings.fetch(`http://127.0.0.1:${server.port}/metrics`, {});
  const text = await reply.text();
  await server.close();
  assert.match(reply.headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/);
  return text;
}

const seriesValue = (text: string, series: string) =>
  Number(
    text
      .split('\n')
      .find((line) => line.startsWith(`${series} `))
      ?.split(' ')[1],
  );

test('The eight names of the seeds are served from the first scrape, with their types, and every metric with its help', async (t) => {
  const m = await startMasterUnderTest(t);
  const text = await scrape(m);
  for (const [name, type] of Object.entries(seeds)) {
    assert.match(text, new RegExp(`^# TYPE ${name} ${type}$`, 'm'));
    assert.match(
      text,
      new RegExp(`^${name}(_bucket|_sum|_count)?(\\{[^}]*\\})? 0$`, 'm'),
      `${name} has a value at once`,
    );
  }
  for (const { name, help } of Object.values(masterMetrics)) assert.ok(text.includes(`# HELP ${name} ${help}`), name);
});

test('The gauges and counters are what the store and the fleet say', async (t) => {
  const m = await startMasterUnderTest(t);
  const node = await registerNode(m, 'n', { slots: 2 });
  await registerNode(m, 'm');
  const ended = ['completed', 'failed'] as const;
  for (const status of ended) {
    await m.submit({ max_retries: 0 });
    await node.finish(await node.take(), { status });
  }
  await m.submit();
  await m.submit();
  await m.submit();
  await node.claim({ slots: 2 });
  await node.claim();
  const text = await scrape(m);
  const names = [
    'jobs_pending',
    'jobs_running',
    'jobs_completed',
    'jobs_failed',
    'nodes_total',
    'nodes_available',
    'nodes_busy',
  ];
  assert.deepEqual(
    names.map((name) => seriesValue(text, `ffrtmp_${name}`)),
    [1, 2, 1, 1, 2, 1, 1],
  );
  assert.equal(seriesValue(text, 'ffrtmp_job_duration_seconds_count'), 2);
  assert.equal(seriesValue(text, 'ffrtmp_master_jobs_total{status="pending"}'), 1);
  assert.equal(seriesValue(text, 'ffrtmp_master_schedule_attempts_total{result="success"}'), 3);
  assert.equal(seriesValue(text, 'ffrtmp_master_schedule_attempts_total{result="no_jobs"}'), 1);
  m.clock.advance(NODE_OFFLINE_MS);
  assert.equal(seriesValue(await scrape(m), 'ffrtmp_nodes_dead'), 2);
});

test('Anybody may ask for health, readiness and version, and gets nothing else', async (t) => {
  const m = await startMasterUnderTest(t);
  const replies = await Promise.all(
    ['/health', '/ready', '/version'].map((path) => m.request('GET', path, { key: null })),
  );
  assert.deepEqual(
    replies.map(({ json }) => Object.keys(json as object)),
    [['status'], ['status'], ['name', 'version', 'protocol']],
  );
});

test('A master whose store does not answer is not healthy', async (t) => {
  const m = await startMasterUnderTest(t);
  await m.db.write((tx) => tx.run({ build: (q) => q.schema.alterTable('classes').renameTo('elsewhere') as never }));
  const reply = await m.request('GET', '/health');
  assert.deepEqual([reply.status, /"unavailable","message":"the store does not answer/.test(reply.text)], [503, true]);
});

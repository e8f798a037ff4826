import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Exporter, servePage } from '@ffrtmp/runtime/exporters';
import { workerMetrics } from '@ffrtmp/shared/metrics';
import { Registry } from 'prom-client';
import { containersExporter } from '../../worker/src/exporters/containers.ts';
import { cpuExporter } from '../../worker/src/exporters/cpu.ts';
import { energyExporter } from '../../worker/src/exporters/energy.ts';
import { gpuExporter } from '../../worker/src/exporters/gpu.ts';
import { createSampler } from '../../worker/src/power/sampler.ts';
import { openPowerSources } from '../../worker/src/power/sources.ts';
import { containerId, plantGroup, plantHost } from '../support/cgroup-tree.ts';
import { type Family, parsePage, valueOn } from '../support/exposition.ts';
import { buildNvml, GPU_IS_LOST } from '../support/fake-nvml.ts';
import { plantTree, powercapTree } from '../support/power-trees.ts';
import { openScope } from '../support/scope.ts';

const RANGE_UJ = 262_143_328_850;
const cpu = {
  ...{ vendor: 'GenuineIntel', name: 'a CPU', family: 6, model: 85, stepping: 7, part: null },
  virtual: false,
};

/** Pages of these exporters alone, each made anew. */
function pages(...exporters: Exporter[]) {
  const registry = new Registry();
  const collect = servePage(registry, exporters);
  return async (): Promise<Family[]> => {
    await collect();
    return parsePage(await registry.metrics());
  };
}

/** A machine of one package with memory, its clock in the test's hands, and the exporters over it. */
async function plantMachine(t: TestContext) {
  const scope = openScope(t);
  const zone = (name: string) => ({ name, energyUj: RANGE_UJ - 5_000_000, maxUj: RANGE_UJ, limitW: 200 });
  const sys = plantTree(
    scope.folder('sys'),
    powercapTree({ 'intel-rapl:0': zone('package-0'), 'intel-rapl:0:0': zone('dram') }),
  );
  const proc = scope.folder('proc');
  writeFileSync(join(proc, 'stat'), 'cpu  1000 100 500 90000 200 0 50 10 5 5\ncpu0 1 1 1 1 1 1 1 1 1 1\n');
  const sources = await openPowerSources({
    cpu,
    threads: 8,
    powercapRoot: join(sys, 'class/powercap'),
    sysRoot: scope.dir,
  });
  const time = { ms: 0 };
  const roots = { proc, cgroup: scope.dir };
  const sampler = createSampler({ sources, clock: () => time.ms, intervalMs: 3_600_000, roots });
  scope.onEnd(() => {
    sampler.close();
    sources.close();
  });
  const counter = (folder: string) => join(sys, `devices/virtual/powercap/intel-rapl/${folder}/energy_uj`);
  const { meters } = sampler;
  return {
    ...{ sampler, time },
    packageFile: counter('intel-rapl:0'),
    dramFile: counter('intel-rapl:0/intel-rapl:0:0'),
    page: pages(cpuExporter({ procRoot: proc, sources, meters }), energyExporter({ sources, meters })),
  };
}

test('A zone’s counter goes on over its wrap, and a second scraper takes nothing from the first', async (t) => {
  const { sampler, time, packageFile, dramFile, page } = await plantMachine(t);
  time.ms = 1000;
  writeFileSync(packageFile, '15000000\n');
  writeFileSync(dramFile, `${RANGE_UJ - 4_000_000}\n`);
  sampler.power();
  const [first, second] = await Promise.all([page(), page()]);
  const zone = { zone: 'package-0', scope: 'cpu' };
  for (const families of [first, second, await page()]) {
    const joules = valueOn(families, 'ffrtmp_worker_rapl_energy_joules_total', zone) ?? 0;
    assert.ok(Math.abs(joules - 20) < 0.001, `${joules} J over the wrap`);
    assert.equal(
      valueOn(families, 'ffrtmp_worker_rapl_energy_joules_total', { zone: 'package-0/dram', scope: 'dram' }),
      1,
    );
  }
  const labels = { method: 'rapl', scope: 'cpu,dram', quality: 'measured' };
  assert.ok(Math.abs((valueOn(first, 'ffrtmp_worker_power_watts', labels) ?? 0) - 21) < 0.001);
  const uses = ['jobs', 'other', 'idle', 'rest'].map((use) =>
    valueOn(first, 'ffrtmp_worker_energy_joules_total', { ...labels, use }),
  );
  assert.ok(Math.abs(uses.reduce<number>((sum, joules) => sum + (joules ?? Number.NaN), 0) - 21) < 0.001, `${uses}`);
  assert.equal(valueOn(first, 'ffrtmp_worker_energy_covered_seconds_total', labels), 1);
  assert.equal(valueOn(first, 'ffrtmp_worker_cpu_seconds_total', { mode: 'user' }), 10);
  assert.equal(valueOn(first, 'ffrtmp_exporter_up', { exporter: 'cpu', reason: 'ok' }), 1);
});

test('A counter that cannot be read is absent with its power, never 0, and the exporters say why', async (t) => {
  const { sampler, time, packageFile, page } = await plantMachine(t);
  time.ms = 1000;
  sampler.power();
  assert.notEqual(valueOn(await page(), 'ffrtmp_worker_power_watts'), undefined);
  writeFileSync(packageFile, 'garbage\n');
  time.ms = 2000;
  sampler.power();
  const families = await page();
  assert.equal(valueOn(families, 'ffrtmp_worker_rapl_energy_joules_total'), undefined);
  assert.equal(valueOn(families, 'ffrtmp_worker_power_watts'), undefined);
  for (const exporter of ['cpu', 'energy'])
    assert.equal(valueOn(families, 'ffrtmp_exporter_up', { exporter, reason: 'unreadable' }), 0);
});

test('Without a sensor the node’s energy is an estimate by name, and the exporter says what is missing', async (t) => {
  const scope = openScope(t);
  const proc = scope.folder('proc');
  const stat = (user: number) =>
    writeFileSync(join(proc, 'stat'), `cpu  ${user} 0 0 9000 0 0 0 0 0 0\ncpu0 1 1 1 1 1 1 1 1\n`);
  stat(100);
  const sources = await openPowerSources({
    cpu: { ...cpu, virtual: true },
    threads: 8,
    powercapRoot: scope.dir,
    sysRoot: scope.dir,
  });
  const time = { ms: 0 };
  const sampler = createSampler({ sources, clock: () => time.ms, roots: { proc, cgroup: scope.dir } });
  scope.onEnd(sampler.close);
  stat(200);
  time.ms = 1000;
  sampler.power();
  const { meters } = sampler;
  const families = await pages(cpuExporter({ procRoot: proc, sources, meters }), energyExporter({ sources, meters }))();
  const series = families.find(({ name }) => name === 'ffrtmp_worker_energy_joules_total')?.series ?? [];
  assert.ok(series.length > 0);
  assert.ok(
    series.every(({ labels }) => labels.quality === 'estimated'),
    JSON.stringify(series),
  );
  assert.equal(valueOn(families, 'ffrtmp_exporter_up', { exporter: 'cpu', reason: 'vm' }), 0);
  assert.equal(valueOn(families, 'ffrtmp_exporter_up', { exporter: 'energy', reason: 'ok' }), 1);
});

test('A GPU shows what its driver says, a part the driver lacks is absent, and a lost GPU is no GPU at 0 W', async (t) => {
  const scope = openScope(t);
  const driver = buildNvml(scope);
  driver.gpus(2);
  driver.set(0, 5_000_000, 60_000);
  driver.set(1, 7_000_000, 75_000);
  const files = { powercapRoot: scope.dir, sysRoot: scope.dir };
  const sources = await openPowerSources({ cpu, threads: 8, ...files, nvmlLibrary: driver.library });
  scope.onEnd(sources.close);
  const page = pages(gpuExporter({ sources, present: true }));
  const families = await page();
  const second = { gpu: '1' };
  assert.equal(valueOn(families, 'ffrtmp_worker_gpu_energy_joules_total', second), 7000);
  assert.equal(valueOn(families, 'ffrtmp_worker_gpu_power_watts', second), 75);
  assert.equal(valueOn(families, 'ffrtmp_worker_gpu_temperature_celsius', second), 41);
  assert.equal(valueOn(families, 'ffrtmp_worker_gpu_memory_bytes', second), 16e9);
  assert.equal(valueOn(families, 'ffrtmp_worker_gpu_memory_used_bytes', second), 3e9);
  assert.equal(valueOn(families, 'ffrtmp_worker_gpu_encoder_sessions', second), 2);
  const engines = ['sm', 'memory', 'encoder', 'decoder'];
  assert.deepEqual(
    engines.map((engine) => valueOn(families, 'ffrtmp_worker_gpu_utilization_ratio', { ...second, engine })),
    [0.07, 0.03, 0.42, 0.11],
  );
  assert.equal(valueOn(families, 'ffrtmp_worker_gpu_info', { gpu: '0', name: 'Fake H1', uuid: 'GPU-0' }), 1);
  driver.fail(GPU_IS_LOST);
  const lost = await page();
  assert.deepEqual(lost.find(({ name }) => name === 'ffrtmp_worker_gpu_power_watts')?.series, []);
  assert.equal(valueOn(lost, 'ffrtmp_exporter_up', { exporter: 'gpu', reason: 'unreadable' }), 0);
  driver.fail(0);
  assert.equal(valueOn(await page(), 'ffrtmp_exporter_up', { exporter: 'gpu', reason: 'ok' }), 1);
});

test('An old driver shows what it has', async (t) => {
  const scope = openScope(t);
  const driver = buildNvml(scope, { old: true });
  driver.set(0, 0, 60_000);
  const sources = await openPowerSources({
    cpu,
    threads: 8,
    powercapRoot: scope.dir,
    sysRoot: scope.dir,
    nvmlLibrary: driver.library,
  });
  scope.onEnd(sources.close);
  const families = await pages(gpuExporter({ sources, present: true }))();
  assert.equal(valueOn(families, 'ffrtmp_worker_gpu_power_watts', { gpu: '0' }), 60);
  assert.deepEqual(families.find(({ name }) => name === 'ffrtmp_worker_gpu_energy_joules_total')?.series, []);
  assert.equal(valueOn(families, 'ffrtmp_exporter_up', { exporter: 'gpu', reason: 'ok' }), 1);
});

test('A machine without a GPU says so', async (t) => {
  const scope = openScope(t);
  const sources = await openPowerSources({ cpu, threads: 8, powercapRoot: scope.dir, sysRoot: scope.dir });
  const reasons = await Promise.all(
    [false, true].map(async (present) => {
      const families = await pages(gpuExporter({ sources, present }))();
      return families.find(({ name }) => name === 'ffrtmp_exporter_up')?.series[0]?.labels.reason;
    }),
  );
  assert.deepEqual(reasons, ['absent', 'unsupported']);
});

test('Slices, services and containers are shown by kind and short name, and nothing else of the tree', async (t) => {
  const root = openScope(t).folder('cgroup');
  plantHost(root);
  const families = await pages(containersExporter(root))();
  const rows = families.find(({ name }) => name === 'ffrtmp_worker_cgroup_cpu_seconds_total')?.series ?? [];
  assert.deepEqual(Object.fromEntries(rows.map(({ labels, value }) => [`${labels.kind} ${labels.name}`, value])), {
    'root /': 900,
    ...{ 'slice init.scope': 10, 'slice system.slice': 500, 'slice user.slice': 20, 'slice kubepods.slice': 60 },
    'service cron.service': 1.5,
    ...{ 'container docker-2f7c0d91aa3e': 400, 'container docker-0badcafe0000': 7 },
    'container cri-containerd-feedfacebeef': 60,
  });
  const docker = { kind: 'container', name: 'docker-2f7c0d91aa3e' };
  assert.equal(valueOn(families, 'ffrtmp_worker_cgroup_memory_bytes', docker), 700_000_000);
  assert.equal(valueOn(families, 'ffrtmp_worker_cgroup_read_bytes_total', docker), 1030);
  assert.equal(valueOn(families, 'ffrtmp_worker_cgroup_written_bytes_total', docker), 2040);
  assert.equal(valueOn(families, 'ffrtmp_worker_cgroup_memory_bytes', { kind: 'root' }), undefined);
  assert.equal(valueOn(families, 'ffrtmp_exporter_up', { exporter: 'containers', reason: 'ok' }), 1);
});

test('More containers than rows share one, whose counters never fall as they come and go', async (t) => {
  const root = openScope(t).folder('cgroup');
  plantHost(root);
  const folderOf = (index: number) => `system.slice/docker-${containerId(String(1000 + index))}.scope`;
  for (let index = 0; index < 80; index += 1) plantGroup(root, folderOf(index), { usec: 1_000_000, bytes: 10 });
  const page = pages(containersExporter(root));
  const containers = (families: Family[], name: string) =>
    (families.find((family) => family.name === name)?.series ?? []).filter(({ labels }) => labels.kind === 'container');
  const first = await page();
  const cpuRows = containers(first, 'ffrtmp_worker_cgroup_cpu_seconds_total');
  assert.equal(cpuRows.length, 51);
  const total = cpuRows.reduce((sum, { value }) => sum + value, 0);
  assert.equal(total, 80 + 400 + 7 + 60);
  assert.equal(valueOn(first, 'ffrtmp_worker_cgroups', { kind: 'container' }), 83);
  const other = { kind: 'container', name: 'other' };
  const before = valueOn(first, 'ffrtmp_worker_cgroup_cpu_seconds_total', other) ?? 0;
  for (let index = 60; index < 80; index += 1) rmSync(join(root, folderOf(index)), { recursive: true });
  plantGroup(root, folderOf(50), { usec: 3_000_000, bytes: 10 });
  const second = await page();
  const after = valueOn(second, 'ffrtmp_worker_cgroup_cpu_seconds_total', other) ?? 0;
  assert.equal(after, before + 2);
  assert.equal(valueOn(second, 'ffrtmp_worker_cgroups', { kind: 'container' }), 63);
});

test('A machine without the v2 tree has no containers to show, and says so', async (t) => {
  const root = openScope(t).folder('cgroup');
  mkdirSync(join(root, 'memory'));
  const families = await pages(containersExporter(root))();
  assert.equal(valueOn(families, 'ffrtmp_exporter_up', { exporter: 'containers', reason: 'absent' }), 0);
  assert.deepEqual(families.find(({ name }) => name === workerMetrics.groupCpu.name)?.series, []);
});

test('An exporter that throws or hangs costs the page its own series alone, and is not asked again before it answers', async () => {
  const gauge = (name: string) => ({ name, type: 'gauge' as const, help: 'of a test', labels: [] });
  const one = (metric: ReturnType<typeof gauge>) => ({
    samples: [{ metric, labels: {}, value: 1 }],
    reason: 'ok' as const,
  });
  const [good, bad, hung] = ['good', 'bad', 'hung'].map(gauge);
  assert.ok(good && bad && hung);
  let asked = 0;
  let answer = () => undefined as unknown;
  const exporters: Exporter[] = [
    { name: 'good', metrics: [good], collect: () => one(good) },
    {
      ...{ name: 'bad', metrics: [bad] },
      collect: () => {
        throw new Error('broken');
      },
    },
    {
      ...{ name: 'hung', metrics: [hung] },
      collect: () => {
        asked += 1;
        return new Promise((resolve) => {
          answer = () => resolve(one(hung));
        });
      },
    },
  ];
  const registry = new Registry();
  const collect = servePage(registry, exporters, { limitMs: 20 });
  const page = async () => {
    await collect();
    return parsePage(await registry.metrics());
  };
  const first = await page();
  assert.equal(valueOn(first, 'good'), 1);
  assert.deepEqual([valueOn(first, 'bad'), valueOn(first, 'hung')], [undefined, undefined]);
  assert.equal(valueOn(first, 'ffrtmp_exporter_up', { exporter: 'bad', reason: 'failed' }), 0);
  assert.equal(valueOn(first, 'ffrtmp_exporter_up', { exporter: 'hung', reason: 'slow' }), 0);
  assert.equal(valueOn(await page(), 'ffrtmp_exporter_up', { exporter: 'hung', reason: 'slow' }), 0);
  assert.equal(asked, 1);
  answer();
  await new Promise((resolve) => setImmediate(resolve));
  setImmediate(() => answer());
  assert.equal(valueOn(await page(), 'hung'), 1);
  assert.equal(asked, 2);
});

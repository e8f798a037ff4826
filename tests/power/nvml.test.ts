import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { figureSchema } from '@ffrtmp/shared/energy/figure';
import { openNvml } from '../../worker/src/power/collectors/nvml.ts';
import { createIdleStore } from '../../worker/src/power/idle-store.ts';
import { createSampler } from '../../worker/src/power/sampler.ts';
import { openPowerSources } from '../../worker/src/power/sources.ts';
import { buildNvml, DRIVER_NOT_LOADED, type FakeNvml, GPU_IS_LOST } from '../support/fake-nvml.ts';
import { openScope } from '../support/scope.ts';

const cpu = {
  ...{ vendor: 'AuthenticAMD', name: 'AMD EPYC 9554', family: 25, model: 0x11, stepping: 1, part: null },
  virtual: true,
};

/** A machine without CPU counters and with this GPU driver, its processes and its clock in the test's hands. */
async function plant(t: TestContext, { old = false, gpus = 1 } = {}) {
  const scope = openScope(t);
  const driver = buildNvml(scope, { old });
  driver.gpus(gpus);
  for (let gpu = 0; gpu < gpus; gpu += 1) driver.set(gpu, 1_000_000, 60_000);
  const proc = scope.folder('proc');
  const time = { ms: 0 };
  const sources = await openPowerSources({
    ...{ cpu, threads: 8, gpuSessions: 2, powercapRoot: scope.dir, sysRoot: scope.dir },
    ...{ nvmlLibrary: driver.library, nvidiaSmi: join(scope.dir, 'no-such-program') },
  });
  const clock = () => time.ms;
  const idle = createIdleStore({ dataDir: null, maxAgeMs: 86_400_000, now: clock, temperature: () => null });
  const roots = { proc, cgroup: scope.dir };
  const sampler = createSampler({ sources, clock, intervalMs: 3_600_000, roots, idle });
  scope.onEnd(() => {
    sampler.close();
    sources.close();
    assert.equal(driver.opened(), 0, 'the driver was opened and closed as often');
  });
  const process = (pid: number) => {
    mkdirSync(join(proc, String(pid)), { recursive: true });
    writeFileSync(join(proc, String(pid), 'stat'), `${pid} (ffmpeg) R 1 1 1 0 -1 0 0 0 0 0 100 0 0 0`);
  };
  const at = (seconds: number) => Object.assign(time, { ms: seconds * 1000 });
  return { scope, driver, sources, sampler, idle, process, at };
}

const ofGpu = (figures: { scope: string[]; name: string }[], name: string) =>
  figures.map((one) => figureSchema.parse(one)).find((one) => one.scope[0] === 'gpu' && one.name === name);

test('an encode on the GPU gets what its energy counter advanced, with the estimate of the CPU beside it', async (t) => {
  const { driver, sampler, sources, idle, at, process } = await plant(t);
  idle.learnt('nvml', 'NVML Fake H1', 50);
  const energy = sampler.start('a', { reservedThreads: 2, gpu: true });
  energy.setPid(7);
  process(7);
  driver.load(0, 7, 1_000_000, { enc: 80, sm: 4, dec: 16 });
  driver.set(0, 1_000_000 + 1_500_000, 150_000);
  at(20);
  const figures = await energy.stop();
  const [active, full] = ['energy_active', 'energy_full'].map((name) => ofGpu(figures, name));
  assert.equal(active?.value, 1500 - 20 * 50);
  assert.equal(full?.value, 500 + (20 * 50) / 2, 'one of two sessions, so half of the idle draw');
  assert.deepEqual([active?.quality, active?.method, active?.coverage], ['measured', 'nvml', 1]);
  assert.match(active?.source ?? '', /integrated power says 2100\.0 J and the counter 1500\.0 J, 40 % apart/);
  assert.equal(figures.filter(({ quality }) => quality === 'estimated').length, 2);
  assert.deepEqual(
    sources.describe().map(({ method }) => method),
    ['nvml', 'spec-thread-median'],
  );
});

test('two encodes share by what their processes do on the encoder, the decoder and the cores', async (t) => {
  const { driver, sampler, idle, at, process } = await plant(t);
  idle.learnt('nvml', 'NVML Fake H1', 0);
  const [a, b] = ['a', 'b'].map((id) => sampler.start(id, { reservedThreads: 1, gpu: true }));
  a?.setPid(1);
  b?.setPid(2);
  for (const pid of [1, 2, 3]) process(pid);
  driver.load(0, 1, 5, { enc: 30, dec: 30 });
  driver.load(0, 2, 5, { enc: 20 });
  driver.load(0, 3, 5, { sm: 20 });
  driver.set(0, 1_000_000 + 1_000_000, 60_000);
  at(20);
  const [first, second] = [
    ofGpu((await a?.stop()) ?? [], 'energy_active'),
    ofGpu((await b?.stop()) ?? [], 'energy_active'),
  ];
  assert.deepEqual([first?.value, second?.value], [600, 200]);
  assert.deepEqual([first?.quality, second?.quality], ['attributed', 'attributed']);
  const [entry] = sampler.power().filter(({ method }) => method === 'nvml');
  assert.deepEqual([entry?.total_j, entry?.jobs_j, entry?.other_j], [1000, 800, 200], 'the third is somebody else');
});

test('a job that never touches the GPU has no part in it, and one that uses it unasked has', async (t) => {
  const { driver, sampler, at, process } = await plant(t);
  const [quiet, hidden] = ['a', 'b'].map((id) => sampler.start(id, { reservedThreads: 1 }));
  quiet?.setPid(1);
  hidden?.setPid(2);
  for (const pid of [1, 2]) process(pid);
  driver.load(0, 2, 5, { dec: 50 });
  driver.set(0, 2_000_000, 60_000);
  at(10);
  assert.equal(ofGpu((await quiet?.stop()) ?? [], 'energy_full'), undefined);
  assert.equal(ofGpu((await hidden?.stop()) ?? [], 'energy_full')?.value, 1000);
});

test('process ids of another namespace are nobody’s: the encodes share evenly and it is said so', async (t) => {
  const { driver, sampler, at, process } = await plant(t);
  const [a, b] = ['a', 'b'].map((id) => sampler.start(id, { reservedThreads: 1, gpu: true }));
  a?.setPid(1);
  process(1);
  driver.load(0, 90_001, 5, { enc: 50 });
  driver.set(0, 2_000_000, 60_000);
  at(10);
  const [first, second] = [
    ofGpu((await a?.stop()) ?? [], 'energy_full'),
    ofGpu((await b?.stop()) ?? [], 'energy_full'),
  ];
  assert.deepEqual([first?.value, second?.value, first?.quality], [500, 500, 'attributed']);
});

test('without the functions of newer drivers the power is integrated, and the method says so', async (t) => {
  const { driver, sampler, at } = await plant(t, { old: true, gpus: 2 });
  const energy = sampler.start('a', { reservedThreads: 1, gpu: true });
  driver.set(0, 0, 100_000);
  at(10);
  const figure = ofGpu(await energy.stop(), 'energy_full');
  assert.deepEqual([figure?.method, figure?.value], ['nvml-power', 10 * 80 + 10 * 60]);
  assert.match(figure?.source ?? '', /no energy counter: power integrated/);
});

test('a driver that goes away in mid-job leaves a gap with its words, and is used again when it is back', async (t) => {
  const { driver, sampler, at } = await plant(t);
  const energy = sampler.start('a', { reservedThreads: 1, gpu: true });
  driver.set(0, 1_200_000, 60_000);
  at(10);
  sampler.power();
  driver.fail(GPU_IS_LOST);
  at(11);
  const before = await energy.stop();
  const figure = ofGpu(before, 'energy_full');
  assert.equal(figure?.value, 200);
  assert.match(figure?.source ?? '', /gaps: power: GPU is lost \(NVML error 15\)/);
  assert.ok((figure?.coverage ?? 1) < 1);
  for (let read = 12; read < 50; read += 1) {
    at(read);
    sampler.power();
  }
  driver.fail(0);
  for (let read = 50; read < 90; read += 1) {
    at(read);
    sampler.power();
  }
  const again = sampler.start('b', { reservedThreads: 1, gpu: true });
  driver.set(0, 1_300_000, 60_000);
  at(100);
  assert.equal(ofGpu(await again.stop(), 'energy_full')?.value, 100);
});

test('a counter that shrinks was reset with its driver: a gap, never a negative or a huge value', async (t) => {
  const { driver, sampler, at } = await plant(t);
  const energy = sampler.start('a', { reservedThreads: 1, gpu: true });
  driver.set(0, 5, 60_000);
  at(10);
  const figure = ofGpu(await energy.stop(), 'energy_full');
  assert.deepEqual([figure?.value, figure?.quality, figure?.source], [null, 'none', 'the GPU counter was reset']);
});

test('a card that is cut into instances says that its power is of the whole', async (t) => {
  const driver = buildNvml(openScope(t));
  driver.mig(1);
  const opened = await openNvml(driver.library);
  assert.ok(opened.ok);
  t.after(opened.sensor.close);
  assert.equal(opened.sensor.detail(), 'NVML Fake H1; cut into instances (MIG), and the power is of the whole card');
});

test('a missing library and a driver that is not loaded name the cause and the fix', async (t) => {
  const driver: FakeNvml = buildNvml(openScope(t));
  driver.fail(DRIVER_NOT_LOADED);
  for (const [library, words] of [
    ['/nowhere/libnvidia-ml.so.1', /there is no \/nowhere/],
    [driver.library, /Driver Not Loaded \(NVML error 9\)/],
  ] as const) {
    const opened = await openNvml(library);
    assert.ok(!opened.ok);
    assert.match(opened.cause.text, words);
    assert.deepEqual([opened.cause.cause, typeof opened.cause.fix], ['nvidia-driver', 'string']);
  }
});

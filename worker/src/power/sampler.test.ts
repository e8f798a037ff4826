import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { figureSchema } from '@ffrtmp/shared/energy/figure';
import { powerSourceSchema } from '@ffrtmp/shared/node/capabilities';
import { nodePowerSchema } from '@ffrtmp/shared/node/power';
import { runProcess } from '../engines/ffmpeg/run.ts';
import { createIdleStore } from './idle-store.ts';
import { createSampler } from './sampler.ts';
import { openPowerSources, type PowerSettings } from './sources.ts';

const folder = mkdtempSync(join(tmpdir(), 'ffrtmp-sampler-'));
after(() => rmSync(folder, { recursive: true }));
const epyc = {
  vendor: 'AuthenticAMD',
  name: 'AMD EPYC',
  family: 25,
  model: 0x11,
  stepping: 1,
  part: null,
  virtual: true,
};
const RANGE_UJ = 262_143_328_850;

/** A machine of planted files: one package counter, a clock, the machine's CPU time and processes. */
async function plantMachine(name: string, settings: Partial<PowerSettings> = {}) {
  const root = join(folder, name);
  const zone = join(root, 'powercap/intel-rapl:0');
  mkdirSync(zone, { recursive: true });
  mkdirSync(join(root, 'proc'));
  writeFileSync(join(zone, 'name'), 'package-0\n');
  writeFileSync(join(zone, 'max_energy_range_uj'), `${RANGE_UJ}\n`);
  const machine = {
    nowMs: 0,
    counter: (uj: number | string) => writeFileSync(join(zone, 'energy_uj'), `${uj}\n`),
    busy: (seconds: number) => writeFileSync(join(root, 'proc/stat'), `cpu  ${seconds * 100} 0 0 0 0 0 0 0 0 0\n`),
    /** The next look at the CPU time of the machine fails. */
    blind: () => rmSync(join(root, 'proc/stat')),
    process: (pid: number, seconds: number) => {
      mkdirSync(join(root, 'proc', String(pid)), { recursive: true });
      writeFileSync(
        join(root, 'proc', String(pid), 'stat'),
        `${pid} (ffmpeg) R 1 1 1 0 -1 0 0 0 0 0 ${seconds * 100} 0 0 0`,
      );
    },
    root,
  };
  machine.counter(1000);
  machine.busy(0);
  const trees = { powercapRoot: join(root, 'powercap'), sysRoot: join(root, 'sys') };
  const sources = await openPowerSources({ ...trees, cpu: epyc, threads: 4, ...settings });
  const clock = () => machine.nowMs;
  const roots = { proc: join(root, 'proc'), cgroup: join(root, 'cgroup') };
  const idle = createIdleStore({ dataDir: null, maxAgeMs: 86_400_000, now: clock, temperature: () => null });
  const sampler = createSampler({ sources, clock, intervalMs: 3_600_000, roots, idle });
  after(() => {
    sampler.close();
    sources.close();
  });
  return { ...machine, sources, sampler, idle, at: (ms: number) => Object.assign(machine, { nowMs: ms }) };
}

test('an attempt alone gets exactly what the counter advanced between its start and its end, over a wrap too', async () => {
  const machine = await plantMachine('alone');
  machine.counter(RANGE_UJ - 5_000_000);
  const energy = machine.sampler.start('a', { reservedThreads: 2 });
  energy.setPid(7);
  machine.process(7, 3);
  machine.counter(12_345_678);
  machine.busy(3);
  machine.at(2000);
  const figures = await energy.stop();
  for (const figure of figures) figureSchema.parse(figure);
  const [active, full] = figures;
  assert.deepEqual([active?.quality, active?.value], ['none', null]);
  assert.equal(full?.value, (5_000_000 + 61 + 12_345_678) / 1e6);
  assert.deepEqual([full?.quality, full?.scope, full?.coverage], ['measured', ['cpu'], 1]);
  assert.deepEqual(await energy.stop(), figures, 'asked again, the same');
});

test('energy before the start and after the end belongs to nobody', async () => {
  const machine = await plantMachine('window');
  const first = machine.sampler.start('a', { reservedThreads: 1 });
  machine.counter(2_001_000);
  machine.at(1000);
  assert.equal((await first.stop())[1]?.value, 2);
  machine.counter(900_000_000);
  machine.at(60_000);
  const second = machine.sampler.start('b', { reservedThreads: 1 });
  machine.counter(900_500_000);
  machine.at(61_000);
  assert.equal((await second.stop())[1]?.value, 0.5);
});

test('attempts that overlap share only the time they overlap, and all is billed', async () => {
  const machine = await plantMachine('overlap');
  const a = machine.sampler.start('a', { reservedThreads: 1 });
  a.setPid(1);
  machine.process(1, 1);
  machine.counter(10_001_000);
  machine.busy(1);
  machine.at(1000);
  const b = machine.sampler.start('b', { reservedThreads: 1 });
  b.setPid(2);
  machine.process(1, 2);
  machine.process(2, 3);
  machine.counter(50_001_000);
  machine.busy(5);
  machine.at(2000);
  const [aFull, bFull] = [(await a.stop())[1], (await b.stop())[1]];
  assert.deepEqual([aFull?.value, bFull?.value], [10 + 10, 30]);
  assert.deepEqual([aFull?.quality, bFull?.quality], ['attributed', 'attributed']);
});

test('a counter that fails at the start makes a gap, and the estimate stands in, labelled', async () => {
  const machine = await plantMachine('failing');
  machine.counter('broken');
  const energy = machine.sampler.start('a', { reservedThreads: 2 });
  machine.counter(5_000_000);
  machine.at(10_000);
  energy.finalCpuSeconds(4);
  const [active, full] = await energy.stop();
  assert.deepEqual([active?.quality, active?.value?.toFixed(2)], ['estimated', (4 * 1.47).toFixed(2)]);
  assert.equal(full?.value?.toFixed(2), (4 * 1.47 + 0.38 * 2 * 10).toFixed(2));
});

test('the CPU time of processes that follow each other adds up, and the end is not lost', async () => {
  const sources = await openPowerSources({ powercapRoot: '/nowhere', sysRoot: '/nowhere', cpu: epyc, threads: 4 });
  const machine = await plantMachine('sequence');
  const sampler = createSampler({
    sources,
    clock: () => 0,
    roots: { proc: join(machine.root, 'proc'), cgroup: '/nowhere' },
  });
  const energy = sampler.start('a', { reservedThreads: 1 });
  energy.setPid(1);
  machine.process(1, 2);
  energy.finalCpuSeconds(2.5);
  energy.setPid(2);
  energy.finalCpuSeconds(1.5);
  assert.equal((await energy.stop())[0]?.value?.toFixed(3), (4 * 1.47).toFixed(3));
});

test('sources say what works and why the rest does not', async () => {
  const working = (await plantMachine('described')).sources;
  assert.deepEqual(
    working.describe().map((source) => [source.method, source.quality]),
    [
      ['rapl', 'measured'],
      ['spec-thread-median', 'estimated'],
    ],
  );
  const without = await openPowerSources({ powercapRoot: '/nowhere', sysRoot: '/nowhere', cpu: epyc, threads: 4 });
  assert.equal(without.method, 'spec-thread-median');
  const [only, ...rest] = without.describe().map((source) => powerSourceSchema.parse(source));
  assert.equal(rest.length, 0);
  assert.match(only?.detail ?? '', /^no sensor: this is a virtual machine/);
});

test('with a measured idle draw the active joules are what goes beyond it, and the rest is the node’s', async () => {
  const machine = await plantMachine('idle');
  machine.idle.learnt('rapl', 'RAPL package-0', 10);
  const energy = machine.sampler.start('a', { reservedThreads: 2 });
  energy.setPid(1);
  machine.process(1, 3);
  machine.busy(4);
  machine.counter(50_001_000);
  machine.at(1000);
  const [active, full] = await energy.stop();
  assert.deepEqual([active?.value, full?.value, active?.quality], [30, 35, 'attributed']);
  assert.match(active?.source ?? '', /idle 10\.0 W, measured 0 min ago; others had 25 % of the CPU time/);
  const [entry] = machine.sampler.power();
  assert.ok(entry);
  assert.deepEqual([entry.total_j, entry.jobs_j, entry.other_j, entry.idle_j, entry.rest_j], [50, 35, 10, 5, 0]);
});

test('a quiet agent measures the idle draw of its node by itself', async () => {
  const machine = await plantMachine('quiet');
  for (let second = 1; second <= 45; second += 1) {
    machine.counter(1000 + second * 7_000_000);
    machine.at(second * 1000);
    machine.sampler.power();
  }
  assert.deepEqual(machine.idle.get('rapl', 'RAPL package-0').watts, 7);
});

test('a failed read between good ones loses nothing: 10 J and 30 J are 20 J, never 30', async () => {
  const machine = await plantMachine('hiccup');
  machine.counter(10_000_000);
  const energy = machine.sampler.start('a', { reservedThreads: 1 });
  for (const broken of ['', 'n/a', '-5', '1e9']) {
    machine.counter(broken);
    machine.at(machine.sampler.power().length * 1000);
  }
  machine.counter(30_000_000);
  machine.at(6000);
  const [, full] = await energy.stop();
  assert.deepEqual([full?.value, full?.coverage], [20, 1]);
});

test('a counter that was reset in mid-job is a gap with its name, and the rest of the job still counts', async () => {
  const machine = await plantMachine('reset');
  machine.counter(120e9);
  const energy = machine.sampler.start('a', { reservedThreads: 1 });
  machine.counter(5_000_000);
  machine.at(1000);
  machine.sampler.power();
  machine.counter(8_000_000);
  machine.at(4000);
  const [, full] = await energy.stop();
  assert.deepEqual([full?.value, full?.coverage], [3, 0.75]);
  assert.match(full?.source ?? '', /gaps: package-0 implausible$/);
});

test('a monotonic clock that runs backwards is a gap and never negative', async () => {
  const machine = await plantMachine('backwards');
  machine.at(5000);
  const energy = machine.sampler.start('a', { reservedThreads: 1 });
  machine.counter(9_000_000);
  machine.at(1000);
  energy.finalCpuSeconds(1);
  const figures = await energy.stop();
  assert.ok(figures.every(({ value }) => value === null || value >= 0));
  assert.match(figures[0]?.source ?? '', /no figure by rapl: the clock ran backwards/);
});

test('without the machine’s CPU time an attempt alone gets everything, attributed', async () => {
  const machine = await plantMachine('blind');
  machine.blind();
  const energy = machine.sampler.start('a', { reservedThreads: 1 });
  energy.setPid(1);
  machine.process(1, 1);
  machine.counter(5_001_000);
  machine.at(1000);
  const [, full] = await energy.stop();
  assert.deepEqual([full?.value, full?.quality], [5, 'attributed']);
});

test('two jobs at once on a machine without a sensor share the estimate, and all lines add up to the node', async () => {
  const machine = await plantMachine('sensorless', { powercapRoot: '/nowhere' });
  const [a, b] = ['a', 'b'].map((id) => machine.sampler.start(id, { reservedThreads: 2 }));
  a?.setPid(1);
  b?.setPid(2);
  machine.process(1, 12);
  machine.process(2, 6);
  machine.busy(20);
  machine.at(10_000);
  const figures = [...((await a?.stop()) ?? []), ...((await b?.stop()) ?? [])];
  for (const figure of figures) figureSchema.parse(figure);
  assert.deepEqual([...new Set(figures.map(({ quality }) => quality))], ['estimated']);
  const full = figures.filter(({ name }) => name === 'energy_full').reduce((sum, { value }) => sum + (value ?? 0), 0);
  const [entry] = machine.sampler.power();
  assert.ok(entry);
  const { total_j, jobs_j, other_j, idle_j, rest_j } = nodePowerSchema.parse(entry);
  assert.ok(Math.abs(full - jobs_j) < 1e-9 && Math.abs(jobs_j + other_j + idle_j + rest_j - total_j) < 1e-9);
  assert.equal(total_j.toFixed(3), (20 * 1.47 + 4 * 0.38 * 10).toFixed(3));
  assert.equal(other_j.toFixed(3), (2 * 1.47).toFixed(3));
});

test('an engine in a cgroup of its own is billed by the cgroup, which forgets no child', async () => {
  const machine = await plantMachine('cgroup', { powercapRoot: '/nowhere' });
  const cgroup = join(machine.root, 'cgroup/job');
  mkdirSync(cgroup, { recursive: true });
  const usage = (seconds: number) =>
    writeFileSync(join(cgroup, 'cpu.stat'), `usage_usec ${seconds * 1e6}\nuser_usec 1\n`);
  usage(100);
  machine.process(1, 0);
  writeFileSync(join(machine.root, 'proc/1/cgroup'), '0::/job\n');
  mkdirSync(join(machine.root, 'proc/self'));
  writeFileSync(join(machine.root, 'proc/self/cgroup'), '0::/agent\n');
  const energy = machine.sampler.start('a', { reservedThreads: 4 });
  energy.setPid(1);
  machine.sampler.power();
  usage(108);
  machine.busy(8);
  machine.at(10_000);
  assert.equal((await energy.stop())[0]?.value?.toFixed(3), (8 * 1.47).toFixed(3));
});

test('twice the film costs about twice the CPU time and twice the estimated energy', async () => {
  const sources = await openPowerSources({ powercapRoot: '/nowhere', sysRoot: '/nowhere', cpu: epyc, threads: 4 });
  const sampler = createSampler({ sources, intervalMs: 50 });
  const measure = async (seconds: number) => {
    const energy = sampler.start(`film-${seconds}`, { reservedThreads: 2 });
    const source = `testsrc2=s=640x360:r=25:d=${seconds},noise=alls=8:allf=t+u`;
    const argv = ['-nostdin', '-nostats', '-benchmark', '-progress', 'pipe:1', '-f', 'lavfi', '-i', source];
    argv.push('-c:v', 'libx264', '-preset', 'fast', '-threads', '1', '-f', 'null', '-');
    const plan = { program: 'ffmpeg', argv, cwd: folder, onSpawn: energy.setPid };
    const run = await runProcess(plan, new AbortController().signal);
    assert.deepEqual(run.outcome, { kind: 'succeeded' }, run.stderrTail);
    const live = energy.snapshot()[0]?.value ?? 0;
    energy.finalCpuSeconds(run.cpuSeconds);
    const joules = (await energy.stop())[0]?.value ?? 0;
    assert.ok(live > 0 && live <= joules, `${live} J seen on the way to ${joules} J`);
    return { cpuSeconds: run.cpuSeconds, joules };
  };
  const [short, long] = [await measure(4), await measure(8)];
  for (const ratio of [long.cpuSeconds / short.cpuSeconds, long.joules / short.joules])
    assert.ok(ratio > 1.5 && ratio < 2.5, `${ratio}`);
});

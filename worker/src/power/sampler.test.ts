import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { figureSchema } from '@ffrtmp/shared/energy/figure';
import { powerSourceSchema } from '@ffrtmp/shared/node/capabilities';
import { runProcess } from '../engines/ffmpeg/run.ts';
import { createSampler } from './sampler.ts';
import { openPowerSources } from './sources.ts';

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
function plantMachine(name: string) {
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
  const sources = openPowerSources({ powercapRoot: join(root, 'powercap'), cpu: epyc });
  after(() => sources.close());
  const clock = () => machine.nowMs;
  const sampler = createSampler({ sources, clock, intervalMs: 3_600_000, proc: join(root, 'proc') });
  return { ...machine, sources, sampler, at: (ms: number) => Object.assign(machine, { nowMs: ms }) };
}

test('an attempt alone gets exactly what the counter advanced between its start and its end, over a wrap too', async () => {
  const machine = plantMachine('alone');
  machine.counter(RANGE_UJ - 5_000_000);
  const energy = machine.sampler.start('a', { reservedThreads: 2 });
  energy.setPid(7);
  machine.process(7, 3);
  machine.counter(12_345_678);
  machine.busy(3.1);
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
  const machine = plantMachine('window');
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
  const machine = plantMachine('overlap');
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
  const machine = plantMachine('failing');
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
  const sources = openPowerSources({ powercapRoot: '/nowhere', cpu: epyc });
  const machine = plantMachine('sequence');
  const sampler = createSampler({ sources, clock: () => 0, proc: join(machine.root, 'proc') });
  const energy = sampler.start('a', { reservedThreads: 1 });
  energy.setPid(1);
  machine.process(1, 2);
  energy.finalCpuSeconds(2.5);
  energy.setPid(2);
  energy.finalCpuSeconds(1.5);
  assert.equal((await energy.stop())[0]?.value?.toFixed(3), (4 * 1.47).toFixed(3));
});

test('sources say what works and why the rest does not', () => {
  const working = plantMachine('described').sources;
  assert.deepEqual(
    working.describe().map((source) => [source.method, source.quality]),
    [
      ['rapl', 'measured'],
      ['spec-thread-median', 'estimated'],
    ],
  );
  const without = openPowerSources({ powercapRoot: '/nowhere', cpu: epyc });
  assert.equal(without.method, 'spec-thread-median');
  const [only, ...rest] = without.describe().map((source) => powerSourceSchema.parse(source));
  assert.equal(rest.length, 0);
  assert.match(only?.detail ?? '', /^no sensor: this is a virtual machine/);
});

test('twice the film costs about twice the CPU time and twice the estimated energy', async () => {
  const sources = openPowerSources({ powercapRoot: '/nowhere', cpu: epyc });
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

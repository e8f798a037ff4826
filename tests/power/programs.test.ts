import assert from 'node:assert/strict';
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { profileSchema } from '@ffrtmp/shared/energy/profile';
import { type Check, diagnosisSchema } from '@ffrtmp/shared/node/diagnosis';
import { loadProfile } from '../../worker/src/power/models/profile.ts';
import { engine } from '../support/engine.ts';
import { startAgent, startMaster } from '../support/fleet.ts';
import { counterIn, machines, maskPowercap, plantTree } from '../support/power-trees.ts';
import { binary, runProgram, startProgram } from '../support/process.ts';
import { openScope, type Scope } from '../support/scope.ts';

/** A machine of files: its CPU time, its package counter, and a CPU that is no virtual one. */
function plantMachine(scope: Scope) {
  const root = plantTree(join(scope.dir, 'machine'), {
    'proc/cpuinfo': 'vendor_id\t: GenuineIntel\nmodel name\t: Recorded CPU\nflags\t\t: fpu sse2',
    'proc/meminfo': 'MemTotal:       16000000 kB',
    'proc/stat': 'cpu  0 0 0 0 0 0 0 0 0 0\ncpu0 0 0 0 0 0 0 0 0 0 0',
    ...Object.fromEntries(Object.entries(machines.mmioOnly.tree).map(([path, text]) => [`sys/${path}`, text])),
  });
  const at = (path: string) => join(root, path);
  const roots = ['--proc-root', at('proc'), '--sys-root', at('sys'), '--powercap-root', at('sys/class/powercap')];
  return { sys: at('sys'), stat: at('proc/stat'), roots: [...roots, '--cgroup-root', at('cgroup')] };
}

const checkOf = (text: string, name: string): Check | undefined =>
  diagnosisSchema.parse(JSON.parse(text)).checks.find((check) => check.name === name);

test('doctor on a machine that is well: the sensor, the programs, the way to the master, and exit 0', async (t) => {
  const scope = openScope(t);
  const master = await startMaster(scope);
  const { roots } = plantMachine(scope);
  const args = ['--data-dir', scope.folder('agent'), '--ffmpeg', engine(scope), '--ca', join(master.dataDir, 'ca.crt')];
  const { code, stdout } = await runProgram(scope, binary('agent'), [
    'doctor',
    '--master',
    master.url,
    ...args,
    ...roots,
  ]);
  assert.equal(code, 0, stdout);
  assert.equal(checkOf(stdout, 'power')?.status, 'ok');
  assert.match(checkOf(stdout, 'power')?.text ?? '', /^RAPL package-0 \(cpu\): 0\.0 W now$/);
  assert.match(checkOf(stdout, 'encoders')?.text ?? '', /^proven: libx264/);
  assert.match(checkOf(stdout, 'master')?.text ?? '', /answers in \d+ ms.*has not joined it yet/);
  assert.equal(checkOf(stdout, 'clock')?.status, 'ok');
});

test('ffrtmp doctor in a masked container without a master: named causes, what to do, and exit 9', async (t) => {
  const scope = openScope(t);
  const { roots, sys } = plantMachine(scope);
  maskPowercap(sys);
  const args = [
    '--data-dir',
    scope.folder('agent'),
    '--ffmpeg',
    engine(scope),
    '--master',
    'http://127.0.0.1:1',
    ...roots,
  ];
  const { code, stdout, stderr } = await runProgram(scope, binary('ffrtmp'), ['doctor', '--', ...args]);
  assert.equal(code, 9);
  assert.match(stdout, /^power +warning: container-mask +the powercap tree is empty/m);
  assert.match(stdout, /^ {2}power \(container-mask\): mount \/sys\/devices\/virtual\/powercap/m);
  assert.match(stdout, /^master +problem: master_unreachable/m);
  assert.match(stderr, /^error: an agent cannot work here yet: master$/m);
});

test('calibrate without a reference says what it needs and ends with code 9', async (t) => {
  const scope = openScope(t);
  const { roots, sys } = plantMachine(scope);
  maskPowercap(sys);
  const dataDir = scope.folder('agent');
  const { code, stderr, stdout } = await runProgram(scope, binary('ffrtmp'), [
    'calibrate',
    '--',
    '--data-dir',
    dataDir,
    ...roots,
  ]);
  assert.deepEqual([code, stdout], [9, '']);
  assert.match(stderr, /^error: calibration needs RAPL counters or an external meter as its reference/m);
});

test('calibrate beside an agent at work is refused: it would measure the jobs along with its load', async (t) => {
  const scope = openScope(t);
  const master = await startMaster(scope);
  const agent = await startAgent(scope, master, { address: 'one', args: ['--ffmpeg', engine(scope)] });
  const { code, stderr } = await runProgram(scope, binary('agent'), ['calibrate', '--data-dir', agent.dataDir]);
  assert.equal(code, 9);
  assert.match(stderr, /another agent uses/);
});

/** The loads that calibrate goes through, in its order. */
const loads = [0, 0.5, 0.25, 1, 0.75];
const TICK_MS = 20;

test('calibrate walks through its loads, prints the profile with its own error and keeps it', async (t) => {
  const scope = openScope(t);
  const { roots, stat, sys } = plantMachine(scope);
  const dataDir = scope.folder('agent');
  const args = ['calibrate', '--calibrate-step', '1s', '--data-dir', dataDir, ...roots];
  let [load, busyS, joules, lastMs] = [0, 0, 0, performance.now()];
  // Written over in place, always as long: a file that is emptied first could be read empty.
  const files = [stat, counterIn(sys, 'intel-rapl-mmio:0')].map((path) => openSync(path, 'r+'));
  const digits = (value: number) => String(Math.round(value)).padStart(12, '0');
  const tick = () => {
    const nowMs = performance.now();
    const seconds = (nowMs - lastMs) / 1000;
    [lastMs, busyS, joules] = [nowMs, busyS + load * seconds, joules + (2 + 8 * load) * seconds];
    writeSync(files[0] ?? -1, `cpu  ${digits(busyS * 100)} 0 0 0 0 0 0 0 0 0\ncpu0 0 0 0 0 0 0 0 0 0 0\n`, 0);
    writeSync(files[1] ?? -1, `${digits(joules * 1e6)}\n`, 0);
  };
  tick();
  const timer = setInterval(tick, TICK_MS);
  scope.onEnd(() => {
    clearInterval(timer);
    for (const file of files) closeSync(file);
  });
  const program = startProgram(scope, binary('agent'), args);
  for (const share of loads) {
    load = share;
    await program.waitForLine(new RegExp(`^${share * 100} % load: `));
  }
  const { code } = await program.exited;
  assert.equal(code, 0);
  const profile = profileSchema.parse(JSON.parse(program.stdout()));
  assert.deepEqual([profile.cpu_model, profile.threads, profile.reference.method], ['Recorded CPU', 1, 'rapl']);
  for (const { busy, watts } of profile.points)
    assert.ok(Math.abs(watts / (2 + 8 * busy) - 1) < 0.15, `${busy}: ${watts} W`);
  assert.equal(profile.checks.length, 2);
  assert.ok((profile.mean_error ?? 1) < 0.15 && profile.half_width >= 0.1);
  const path = join(dataDir, 'power-profile.json');
  assert.deepEqual(JSON.parse(readFileSync(path, 'utf8')), profile);
  assert.equal(loadProfile(path, 'Recorded CPU').ok, true);
});

test('a profile of another CPU, a damaged one and none at all are refused with the way to a right one', (t) => {
  const folder = openScope(t).folder('profiles');
  mkdirSync(folder, { recursive: true });
  const write = (name: string, text: string) => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const point = { busy: 0, watts: 5 };
  const good = {
    ...{ version: 1, made_at: '2026-11-20T10:00:00Z', cpu_model: 'One', threads: 4, mean_error: null, half_width: 0.3 },
    ...{
      reference: { method: 'rapl', scope: ['cpu'], detail: '' },
      points: [point, { busy: 1, watts: 9 }],
      checks: [],
    },
  };
  for (const [path, words] of [
    [write('other.json', JSON.stringify(good)), /was made on One, and this machine is Two/],
    [write('damaged.json', '{'), /is no JSON/],
    [write('wrong.json', JSON.stringify({ ...good, points: [point] })), /is no power profile/],
    [join(folder, 'none.json'), /there is no power profile/],
  ] as const) {
    const loaded = loadProfile(path, 'Two');
    assert.ok(!loaded.ok);
    assert.match(loaded.cause.text, words);
    assert.match(loaded.cause.fix ?? '', /ffrtmp calibrate/);
  }
});

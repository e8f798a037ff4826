import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { hasBattery } from './battery.ts';
import { cpuThreads, parseCpuInfo } from './cpu.ts';
import { detectHardware, systemRoots } from './detect.ts';
import { detectGpus } from './gpu.ts';
import { ramBytes } from './memory.ts';

const folder = mkdtempSync(join(tmpdir(), 'ffrtmp-hardware-'));
after(() => rmSync(folder, { recursive: true }));

/** Plants kernel files under a root of their own. */
function plant(name: string, files: Record<string, string>) {
  const root = join(folder, name);
  mkdirSync(root, { recursive: true });
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return { proc: join(root, 'proc'), sys: join(root, 'sys'), cgroup: join(root, 'sys/fs/cgroup') };
}

test('a cgroup v2 quota anywhere above limits threads and memory', async () => {
  const roots = plant('v2', {
    'proc/self/cgroup': '0::/system.slice/ffrtmp.service\n',
    'proc/meminfo': 'MemTotal:       32000000 kB\nMemFree: 1 kB\n',
    'sys/fs/cgroup/system.slice/cpu.max': '250000 100000\n',
    'sys/fs/cgroup/system.slice/memory.max': 'max\n',
    'sys/fs/cgroup/system.slice/ffrtmp.service/cpu.max': 'max 100000\n',
    'sys/fs/cgroup/system.slice/ffrtmp.service/memory.max': '4000000000\n',
  });
  assert.equal(await cpuThreads(roots, 16), 3);
  assert.equal(await ramBytes(roots), 4_000_000_000);
});

test('a cgroup v1 quota limits threads and memory, and no limit is none', async () => {
  const v1 = { 'proc/self/cgroup': '4:memory:/box\n1:cpu,cpuacct:/box\n0::/\n', 'proc/meminfo': 'MemTotal: 1000 kB\n' };
  const limited = plant('v1', {
    ...v1,
    'sys/fs/cgroup/cpu,cpuacct/box/cpu.cfs_quota_us': '20000\n',
    'sys/fs/cgroup/cpu,cpuacct/box/cpu.cfs_period_us': '100000\n',
    'sys/fs/cgroup/memory/memory.limit_in_bytes': '500000\n',
  });
  assert.equal(await cpuThreads(limited, 8), 1);
  assert.equal(await ramBytes(limited), 500_000);
  const open = plant('v1-open', {
    ...v1,
    'sys/fs/cgroup/cpu/cpu.cfs_quota_us': '-1\n',
    'sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000\n',
    'sys/fs/cgroup/memory/box/memory.limit_in_bytes': '9223372036854771712\n',
  });
  assert.equal(await cpuThreads(open, 8), 8);
  assert.equal(await ramBytes(open), 1_024_000);
});

test('inside a container the limits of the mounted root hold', async () => {
  const roots = plant('container', { 'proc/self/cgroup': '0::/\n', 'sys/fs/cgroup/cpu.max': '150000 100000\n' });
  assert.equal(await cpuThreads(roots, 8), 2);
});

test('the battery of the machine counts, that of a mouse does not', async () => {
  const mouse = { 'sys/class/power_supply/hid/type': 'Battery\n', 'sys/class/power_supply/hid/scope': 'Device\n' };
  const charger = { 'sys/class/power_supply/AC/type': 'Mains\n' };
  assert.equal(await hasBattery(plant('desktop', { ...mouse, ...charger }).sys), false);
  const own = { 'sys/class/power_supply/BAT0/type': 'Battery\n' };
  assert.equal(await hasBattery(plant('laptop', { ...mouse, ...charger, ...own }).sys), true);
});

test('graphics are found by vendor, and a missing nvidia-smi is no error', async () => {
  const { sys } = plant('graphics', {
    'sys/class/drm/card0/device/vendor': '0x8086\n',
    'sys/class/drm/card0-HDMI-A-1/device/vendor': '0x8086\n',
    'sys/class/drm/card1/device/vendor': '0x1002\n',
    'sys/class/drm/card2/device/vendor': '0x1234\n',
  });
  const gpus = await detectGpus(sys, join(folder, 'nvidia-smi'));
  assert.deepEqual(
    gpus.map((gpu) => gpu.vendor),
    ['intel', 'amd'],
  );
});

test('nvidia-smi names the NVIDIA ones', async () => {
  const program = join(folder, 'fake-smi');
  writeFileSync(program, '#!/bin/sh\necho "NVIDIA RTX A6000"\necho "NVIDIA L4"\n', { mode: 0o755 });
  const gpus = await detectGpus('/nowhere', program);
  assert.deepEqual(
    gpus.map((gpu) => gpu.name),
    ['NVIDIA RTX A6000', 'NVIDIA L4'],
  );
});

test('x86 and ARM processors are told apart', () => {
  const xeon = parseCpuInfo(
    'processor : 0\nvendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel\t\t: 85\nmodel name\t: Intel(R) Xeon(R)  Gold 6230 CPU\nstepping\t: 7\nflags\t\t: fpu hypervisor lahf_lm\n',
  );
  const name = 'Intel(R) Xeon(R) Gold 6230 CPU';
  assert.deepEqual(xeon, {
    vendor: 'GenuineIntel',
    name,
    family: 6,
    model: 85,
    stepping: 7,
    part: null,
    virtual: true,
  });
  const arm = parseCpuInfo('processor : 0\nCPU implementer\t: 0x41\nCPU part\t: 0xd0c\n');
  assert.deepEqual([arm.vendor, arm.name, arm.part, arm.virtual], ['ARM', 'ARM Neoverse-N1', 0xd0c, false]);
});

test('this machine is described, and an empty one does not throw', async () => {
  const here = await detectHardware(systemRoots);
  assert.ok(here.cpu_threads >= 1 && here.ram_bytes > 1e8 && here.cpu_model.length > 0);
  const nothing = await detectHardware(plant('empty', {}), join(folder, 'no-machine-id'), 3);
  assert.deepEqual(
    [nothing.cpu_model, nothing.cpu_threads, nothing.battery, nothing.governor, nothing.machine_id],
    ['unknown CPU', 3, false, null, null],
  );
});

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { energyBetween, openRapl, raplReason } from './rapl.ts';

const folder = mkdtempSync(join(tmpdir(), 'ffrtmp-rapl-'));
after(() => rmSync(folder, { recursive: true }));
const intel = { vendor: 'GenuineIntel', virtual: false };
const amd = { vendor: 'AuthenticAMD', virtual: false };
const RANGE_UJ = 262_143_328_850;

/** Zones by folder name: [name, energy]. `null` energy = a counter that cannot be read. */
function plant(name: string, zones: Record<string, [string, number | null]>): string {
  const root = join(folder, name);
  mkdirSync(join(root, 'intel-rapl'), { recursive: true });
  for (const [zone, [label, energy]] of Object.entries(zones)) {
    mkdirSync(join(root, zone), { recursive: true });
    writeFileSync(join(root, zone, 'name'), `${label}\n`);
    writeFileSync(join(root, zone, 'max_energy_range_uj'), `${RANGE_UJ}\n`);
    if (energy === null) mkdirSync(join(root, zone, 'energy_uj'));
    else writeFileSync(join(root, zone, 'energy_uj'), `${energy}\n`);
  }
  return root;
}

function open(root: string, cpu = intel) {
  const opened = openRapl(root, cpu);
  assert.ok(opened.ok, opened.ok ? '' : opened.reason);
  after(() => opened.rapl.close());
  return opened.rapl;
}

const keys = (root: string, cpu = intel) => open(root, cpu).zones.map((zone) => zone.key);

test('package and memory count, core and uncore lie inside, psys stays apart', () => {
  const root = plant('laptop', {
    'intel-rapl:0': ['package-0', 15_730_000],
    'intel-rapl:0:0': ['core', 14_000_000],
    'intel-rapl:0:1': ['uncore', 540_000],
    'intel-rapl:0:2': ['dram', 1_230_000],
    'intel-rapl:1': ['psys', 29_970_000],
  });
  const rapl = open(root);
  assert.deepEqual(
    rapl.zones.map((zone) => [zone.key, zone.scope]),
    [
      ['package-0', 'cpu'],
      ['package-0/dram', 'dram'],
    ],
  );
  assert.equal(rapl.hasPlatform, true);
  const now = rapl.read();
  assert.ok(now);
  assert.deepEqual(energyBetween(rapl, [0, 0], now, 1), { uj: 16_960_000 });
});

test('zones are known by name, whatever their index', () => {
  const root = plant('shuffled', {
    'intel-rapl:0': ['psys', 1],
    'intel-rapl:7': ['package-1', 2],
    'intel-rapl:3': ['package-0', 3],
  });
  assert.deepEqual(keys(root).sort(), ['package-0', 'package-1']);
});

test('the memory-mapped tree repeats the other and is used only where that cannot be read', () => {
  const both = { 'intel-rapl-mmio:0': ['package-0', 5] } as Record<string, [string, number | null]>;
  const twice = open(plant('twice', { ...both, 'intel-rapl:0': ['package-0', 7] }));
  assert.deepEqual([twice.zones.length, twice.read()], [1, [7]]);
  const masked = open(plant('masked-msr', { ...both, 'intel-rapl:0': ['package-0', null] }));
  assert.deepEqual(masked.read(), [5]);
});

test('flat links and nested folders give the same zones', () => {
  const nested = plant('nested', {
    'intel-rapl/intel-rapl:0': ['package-0', 1],
    'intel-rapl/intel-rapl:0/intel-rapl:0:0': ['dram', 2],
  });
  const flat = join(folder, 'flat');
  mkdirSync(flat);
  symlinkSync(join(nested, 'intel-rapl'), join(flat, 'intel-rapl'));
  symlinkSync(join(nested, 'intel-rapl/intel-rapl:0'), join(flat, 'intel-rapl:0'));
  symlinkSync(join(nested, 'intel-rapl/intel-rapl:0/intel-rapl:0:0'), join(flat, 'intel-rapl:0:0'));
  for (const root of [nested, flat]) assert.deepEqual(keys(root), ['package-0', 'package-0/dram']);
});

test('of AMD only the package is trusted, and dies that mirror it count once', () => {
  const watts68 = 68_000_000;
  const root = plant('threadripper', {
    'intel-rapl:0': ['package-0-die-0', watts68],
    'intel-rapl:0:0': ['core', 3],
    'intel-rapl:1': ['package-0-die-1', watts68],
  });
  const rapl = open(root, amd);
  assert.deepEqual(energyBetween(rapl, [0], rapl.read() ?? [], 1), { uj: watts68 });
  assert.equal(keys(root, intel).length, 2, 'on Intel the dies are distinct');
});

test('a held counter is read anew each time, and one that fails makes the reading a gap', () => {
  const root = plant('held', { 'intel-rapl:0': ['package-0', 10] });
  const rapl = open(root);
  writeFileSync(join(root, 'intel-rapl:0/energy_uj'), '1234567890\n');
  assert.deepEqual(rapl.read(), [1_234_567_890]);
  writeFileSync(join(root, 'intel-rapl:0/energy_uj'), '');
  assert.equal(rapl.read(), null);
});

test('without counters the reason names the cause and the way out', () => {
  const reasonOf = (root: string, cpu = intel) => {
    const opened = openRapl(root, cpu);
    assert.ok(!opened.ok);
    return opened.reason;
  };
  assert.match(reasonOf('/nowhere'), /modprobe intel_rapl_msr/);
  assert.match(reasonOf('/nowhere', { ...intel, virtual: true }), /virtual machine/);
  assert.match(reasonOf(plant('masked', {})), /container it is masked.*mount \/sys\/devices\/virtual\/powercap/);
  assert.match(reasonOf(plant('unreadable', { 'intel-rapl:0': ['package-0', null] })), /cannot be read \(EISDIR\)/);
  assert.match(raplReason({ ...intel, code: 'EACCES', folder: true }), /CVE-2020-8694.*run the agent as root/);
});

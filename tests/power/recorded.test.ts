import assert from 'node:assert/strict';
import { chmodSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { openRapl, type RaplMachine } from '../../worker/src/power/collectors/rapl.ts';
import { findZones } from '../../worker/src/power/collectors/rapl-zones.ts';
import type { Sensor } from '../../worker/src/power/sensor.ts';
import {
  CLIENT_RANGE_UJ,
  counterIn,
  machines,
  maskPowercap,
  plantTree,
  powercapTree,
  type Tree,
} from '../support/power-trees.ts';
import { openScope } from '../support/scope.ts';

const bare: RaplMachine = { vendor: 'GenuineIntel', virtual: false, wsl: false, container: false, sockets: 1 };

function plant(t: TestContext, { vendor, tree }: { vendor: string; tree: Tree }, over: Partial<RaplMachine> = {}) {
  const scope = openScope(t);
  const sys = plantTree(join(scope.dir, 'sys'), tree);
  const machine = { ...bare, vendor, ...over };
  return { sys, root: join(sys, 'class/powercap'), machine };
}

function open(t: TestContext, planted: ReturnType<typeof plant>) {
  const { rapl, platform } = openRapl(planted.root, planted.machine);
  assert.ok(rapl.ok, rapl.ok ? '' : rapl.cause.text);
  t.after(() => {
    rapl.sensor.close();
    platform?.close();
  });
  return { rapl: rapl.sensor, platform };
}

/** What a sensor says of one second in which its counters rose from 0 to what they show. */
function fromNothing(sensor: Sensor): number {
  const now = sensor.read();
  assert.ok(now);
  const energy = sensor.between(
    now.map((value, index) => (index === 0 ? value : 0)),
    now,
    1,
  );
  assert.ok('uj' in energy, JSON.stringify(energy));
  return energy.uj;
}

test('a client with psys: package and memory count, core and uncore lie inside, the platform stands apart', (t) => {
  const { rapl, platform } = open(t, plant(t, machines.client));
  assert.deepEqual(rapl.scope, ['cpu', 'dram']);
  assert.equal(fromNothing(rapl), 16_960_000);
  assert.ok(platform);
  assert.deepEqual([platform.method, platform.scope, fromNothing(platform)], ['rapl-psys', ['platform'], 29_970_000]);
});

test('a server with two sockets: all packages and their memory, each with its own range', (t) => {
  const { rapl, platform } = open(t, plant(t, machines.server, { sockets: 2 }));
  assert.equal(rapl.detail(), 'RAPL package-0 + package-0/dram + package-1 + package-1/dram');
  assert.equal(fromNothing(rapl), 95_000_000 + 11_000_000 + 88_000_000 + 9_000_000);
  assert.equal(platform, null);
});

test('dies of an AMD package that mirror each other count once', (t) => {
  assert.equal(fromNothing(open(t, plant(t, machines.mirrored)).rapl), 68_000_000);
});

test('a memory-mapped tree alone is read like any other', (t) => {
  const { rapl } = open(t, plant(t, machines.mmioOnly));
  assert.deepEqual([rapl.detail(), fromNothing(rapl)], ['RAPL package-0', 6_400_000]);
});

test('where both trees stand the memory-mapped one is used only if the other cannot be read', (t) => {
  const planted = plant(t, machines.client);
  const zonesOf = () =>
    findZones(planted.root, 'GenuineIntel', (path) => path.includes('mmio')).map(({ path }) => path);
  assert.equal(open(t, planted).rapl.detail(), 'RAPL package-0 + package-0/dram');
  assert.ok(zonesOf().some((path) => path.includes('intel-rapl-mmio')));
});

test('two packages of one socket that agree for twenty samples under changing load are one', (t) => {
  const zone = { name: 'package-0', energyUj: 0, limitW: 500 };
  const tree = powercapTree({ 'intel-rapl:0': zone, 'intel-rapl:1': { ...zone, name: 'package-1' } });
  const { rapl } = open(t, plant(t, { vendor: 'GenuineIntel', tree }));
  const seconds = Array.from({ length: 25 }, (_, second) => {
    const energy = rapl.between([0, 0, 0], [0, (10 + second) * 1e6, (10 + second) * 1e6], 1);
    return 'uj' in energy ? energy.uj / 1e6 : Number.NaN;
  });
  assert.deepEqual([seconds[0], seconds[24]], [20, 34]);
  assert.match(rapl.detail(), /one counts$/);
});

test('two packages that agree only at rest, or on two sockets, are two', (t) => {
  const zone = { name: 'package-0', energyUj: 0, limitW: 500 };
  const tree = powercapTree({ 'intel-rapl:0': zone, 'intel-rapl:1': { ...zone, name: 'package-1' } });
  const resting = open(t, plant(t, { vendor: 'GenuineIntel', tree })).rapl;
  const apart = open(t, plant(t, { vendor: 'GenuineIntel', tree }, { sockets: 2 })).rapl;
  for (let second = 0; second < 40; second += 1) {
    resting.between([0, 0, 0], [0, 10e6, 10e6], 1);
    apart.between([0, 0, 0], [0, (10 + second) * 1e6, (10 + second) * 1e6], 1);
  }
  const last = [resting, apart].map((sensor) => sensor.between([0, 0, 0], [0, 10e6, 10e6], 1));
  assert.deepEqual(last, [{ uj: 20e6 }, { uj: 20e6 }]);
});

const causeOf = ({ root, machine }: ReturnType<typeof plant>) => {
  const { rapl } = openRapl(root, machine);
  assert.ok(!rapl.ok);
  assert.ok(rapl.cause.fix);
  return rapl.cause;
};

test('a masked container: the links are there and nothing behind them, and the cause says what to mount', (t) => {
  const planted = plant(t, machines.client, { container: true });
  maskPowercap(planted.sys);
  const { cause, text, fix } = causeOf(planted);
  assert.equal(cause, 'container-mask');
  assert.match(`${text}; ${fix}`, /masked.*mount \/sys\/devices\/virtual\/powercap.*--powercap-root/);
});

test('the host’s tree mounted at another path works, nested as it lies there', (t) => {
  const planted = plant(t, machines.server, { container: true, sockets: 2 });
  const moved = join(planted.sys, 'host-powercap');
  renameSync(join(planted.sys, 'devices/virtual/powercap'), moved);
  const { rapl } = open(t, { ...planted, root: moved });
  assert.equal(fromNothing(rapl), 203_000_000);
});

test('each reason for no counter has its name and its way out', (t) => {
  const none = plant(t, { vendor: 'GenuineIntel', tree: {} });
  const withNone = (over: Partial<RaplMachine>) => causeOf({ ...none, machine: { ...bare, ...over } }).cause;
  assert.equal(withNone({}), 'module');
  assert.equal(withNone({ virtual: true }), 'vm');
  assert.equal(withNone({ virtual: true, wsl: true }), 'wsl');
  assert.equal(withNone({ container: true }), 'container-mask');
  assert.equal(withNone({ vendor: 'ARM' }), 'no-counter');
  assert.equal(causeOf(plant(t, machines.amdCore)).cause, 'amd-core-domain');
});

test('counters that only root may read name the permission', {
  skip: process.getuid?.() === 0 && 'root reads everything',
}, (t) => {
  const planted = plant(t, machines.mmioOnly);
  chmodSync(counterIn(planted.sys, 'intel-rapl-mmio:0'), 0);
  assert.equal(causeOf(planted).cause, 'permission');
});

test('a package that cannot be read makes the whole unreadable: the other socket alone would look like all', (t) => {
  const planted = plant(t, machines.server, { sockets: 2 });
  writeFileSync(counterIn(planted.sys, 'intel-rapl:1'), 'garbage\n');
  assert.equal(causeOf(planted).cause, 'unreadable');
});

test('a zone that vanishes is a gap; what is left is found again and never joined to what was before', (t) => {
  const planted = plant(t, machines.server, { sockets: 2 });
  const { rapl } = open(t, planted);
  const before = rapl.read();
  assert.ok(before);
  writeFileSync(counterIn(planted.sys, 'intel-rapl:1'), '');
  assert.equal(rapl.read(), null);
  assert.match(rapl.fault() ?? '', /cannot be read/);
  rmSync(join(planted.sys, 'devices/virtual/powercap/intel-rapl/intel-rapl:1'), { recursive: true });
  for (let read = 0; read < 9; read += 1) assert.equal(rapl.read(), null);
  const after = rapl.read();
  assert.ok(after);
  assert.deepEqual(rapl.between(before, after, 10), { gap: 'the zones changed' });
  assert.equal(rapl.detail(), 'RAPL package-0 + package-0/dram');
});

test('what is no counter is no reading: empty, text, negative, a fraction, beyond the range', (t) => {
  const planted = plant(t, machines.mmioOnly);
  const { rapl } = open(t, planted);
  const before = rapl.read();
  assert.ok(before);
  for (const text of ['', 'n/a', '-1', '1.5', '0x10', '1e6']) {
    writeFileSync(counterIn(planted.sys, 'intel-rapl-mmio:0'), `${text}\n`);
    assert.equal(rapl.read(), null, text);
  }
  writeFileSync(counterIn(planted.sys, 'intel-rapl-mmio:0'), `${CLIENT_RANGE_UJ * 2}\n`);
  assert.deepEqual(rapl.between(before, rapl.read() ?? [], 1), { gap: 'package-0 implausible' });
});

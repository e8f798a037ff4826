import assert from 'node:assert/strict';
import { chmodSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openBattery } from '../../worker/src/power/collectors/battery.ts';
import { knownChips, openHwmon } from '../../worker/src/power/collectors/hwmon.ts';
import { chipRulesOption } from '../../worker/src/power/collectors/hwmon-option.ts';
import { openNvidiaSmi, pmonLoad } from '../../worker/src/power/collectors/nvidia-smi.ts';
import type { Opened, Sensor } from '../../worker/src/power/sensor.ts';
import { plantTree, type Tree } from '../support/power-trees.ts';
import { openScope } from '../support/scope.ts';
import { until } from '../support/until.ts';

const sensorOf = (opened: Opened): Sensor => {
  assert.ok(opened.ok, opened.ok ? '' : opened.cause.text);
  return opened.sensor;
};
const between = (sensor: Sensor, change: () => void, seconds: number) => {
  const from = sensor.read();
  change();
  const to = sensor.read();
  assert.ok(from && to, sensor.fault() ?? '');
  return sensor.between(from, to, seconds);
};

const hwmon = (chips: Record<string, Tree>): Tree =>
  Object.fromEntries(
    Object.entries(chips).flatMap(([folder, files]) =>
      Object.entries(files).map(([name, text]) => [`class/hwmon/${folder}/${name}`, text]),
    ),
  );

test('board sensors: energy counters before averages before single looks, sockets and no cores', (t) => {
  const scope = openScope(t);
  const chip = { name: 'amd_energy', energy1_label: 'Ecore000', energy1_input: '5', power1_input: '99000000' };
  const energies = {
    energy2_label: 'Esocket0',
    energy2_input: '1000000',
    energy3_label: 'Esocket1',
    energy3_input: '0',
  };
  const sys = plantTree(scope.dir, hwmon({ hwmon0: { name: 'nvme' }, hwmon3: { ...chip, ...energies } }));
  const sensor = sensorOf(openHwmon(sys, knownChips));
  t.after(sensor.close);
  assert.deepEqual([sensor.scope, sensor.detail()], [['cpu'], 'hwmon amd_energy, 2 energy channels']);
  const write = (uj: number) => writeFileSync(join(sys, 'class/hwmon/hwmon3/energy3_input'), `${uj}\n`);
  assert.deepEqual(
    between(sensor, () => write(7_000_000), 1),
    { uj: 7_000_000 },
  );
  assert.deepEqual(
    between(sensor, () => write(1), 1),
    { gap: 'a counter was reset' },
  );
  write(2);
  writeFileSync(join(sys, 'class/hwmon/hwmon3/energy2_input'), '\n');
  assert.equal(sensor.read(), null);
  assert.match(sensor.fault() ?? '', /amd_energy: .*is no counter/);
});

test('a power meter is averaged over the time, and what covers more goes before what covers less', (t) => {
  const scope = openScope(t);
  const sys = plantTree(
    scope.dir,
    hwmon({
      hwmon0: { name: 'fam15h_power', power1_input: '20000000' },
      hwmon1: { name: 'power_meter', power1_average: '100000000', power1_input: '1' },
    }),
  );
  const sensor = sensorOf(openHwmon(sys, knownChips));
  t.after(sensor.close);
  assert.deepEqual(sensor.scope, ['platform']);
  const write = () => writeFileSync(join(sys, 'class/hwmon/hwmon1/power1_average'), '140000000\n');
  assert.deepEqual(between(sensor, write, 10), { uj: 1_200_000_000 });
});

test('a chip on a board counts only when its owner says what it covers', (t) => {
  const sys = plantTree(openScope(t).dir, hwmon({ hwmon0: { name: 'ina226', power1_input: '5000000' } }));
  assert.equal(openHwmon(sys, knownChips).ok, false);
  const sensor = sensorOf(openHwmon(sys, { ...knownChips, ...chipRulesOption.parse('ina226=platform') }));
  sensor.close();
  assert.deepEqual(sensor.scope, ['platform']);
  assert.equal(chipRulesOption.safeParse('ina226=everything').success, false);
});

const battery = (over: Tree = {}): Tree => {
  const files = { type: 'Battery', status: 'Discharging', energy_now: '50000000', ...over };
  return Object.fromEntries(Object.entries(files).map(([name, text]) => [`class/power_supply/BAT0/${name}`, text]));
};

test('a battery tells what the machine draws while it discharges, by energy or by charge and voltage', (t) => {
  const sys = plantTree(openScope(t).dir, battery());
  const sensor = sensorOf(openBattery(sys));
  const file = (name: string) => join(sys, 'class/power_supply/BAT0', name);
  assert.deepEqual(
    between(sensor, () => writeFileSync(file('energy_now'), '49000000\n'), 600),
    { uj: 3.6e9 },
  );
  assert.deepEqual(
    between(sensor, () => writeFileSync(file('energy_now'), '49500000\n'), 600),
    { gap: 'the charge rose' },
  );
  writeFileSync(file('status'), 'Charging\n');
  assert.deepEqual([sensor.read(), sensor.fault()], [null, 'the machine is on mains']);
  assert.equal(sensor.minSeconds, 300);
  rmSync(file('energy_now'));
  assert.equal(openBattery(sys).ok, false);
  plantTree(sys, {
    'class/power_supply/BAT0/charge_now': '4000000',
    'class/power_supply/BAT0/voltage_now': '12000000',
  });
  writeFileSync(file('status'), 'Discharging\n');
  assert.deepEqual(sensorOf(openBattery(sys)).read(), [4 * 12 * 3600 * 1e6]);
});

test('the battery of a mouse is none of the machine’s', (t) => {
  assert.equal(openBattery(plantTree(openScope(t).dir, battery({ scope: 'Device' }))).ok, false);
});

test('nvidia-smi is started once, its power is integrated, and a GPU that answers no number is a gap', async (t) => {
  const scope = openScope(t);
  const program = join(scope.dir, 'nvidia-smi');
  const script = `#!/bin/sh
case "$1" in
--help-query-gpu) echo '"power.draw.instant"' ;;
pmon) echo '# gpu        pid   type     sm    mem    enc    dec    jpg    ofa    command'
      echo '    0       4711     C      4      1     80      -      -      -    ffmpeg'; exec sleep 1000 ;;
*) echo "started" >> ${join(scope.dir, 'starts')}; cat ${join(scope.dir, 'lines')}; exec sleep 1000 ;;
esac
`;
  writeFileSync(program, script);
  chmodSync(program, 0o755);
  writeFileSync(join(scope.dir, 'lines'), '0, 100.00\n1, 50.00\n');
  const time = { ms: 0 };
  const sensor = sensorOf(await openNvidiaSmi(program, () => time.ms));
  t.after(sensor.close);
  await until('the lines of both GPUs', () => sensor.read()?.length === 3);
  assert.deepEqual(await until('the load of a process', () => sensor.loads?.(1)?.get(4711)), 0.84);
  const from = sensor.read();
  time.ms = 1500;
  const to = sensor.read();
  assert.ok(from && to);
  assert.deepEqual(sensor.between(from, to, 1.5), { uj: 225e6 });
  time.ms = 2500;
  assert.equal(sensor.read(), null, 'silent for too long');
  assert.match(sensor.detail(), /power\.draw\.instant every 200 ms/);
});

test('the columns of pmon are found by their names', () => {
  const heading = '# gpu        pid   type     sm    mem    enc    dec    command';
  assert.deepEqual(pmonLoad(heading, '    0       4711     C      4      1     80     16    ffmpeg'), {
    pid: 4711,
    load: 1,
  });
  assert.equal(pmonLoad(heading, '    0          -     -      -      -      -      -    -'), null);
});

test('a program that is no nvidia-smi is named as the cause', async () => {
  const opened = await openNvidiaSmi('/nowhere/nvidia-smi', () => 0);
  assert.equal(opened.ok ? '' : opened.cause.cause, 'nvidia-driver');
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Check, checkSchema } from '@ffrtmp/shared/node/diagnosis';
import type { ModelFacts } from '../power/models/choose.ts';
import { chooseModel } from '../power/models/choose.ts';
import type { Cause, Sensor } from '../power/sensor.ts';
import { type PowerFindings, powerChecks } from './power.ts';

const NOW = Date.parse('2026-11-20T12:00:00Z');
const HOUR_MS = 3_600_000;
const cpu: ModelFacts['cpu'] = {
  ...{
    vendor: 'AuthenticAMD',
    name: 'AMD EPYC 9554',
    family: 25,
    model: 0x11,
    stepping: 1,
    part: null,
    virtual: false,
  },
};
const facts = { cpu, threads: 8, sockets: 1, ramGb: 16, tdpW: null, cloud: null, profile: null };

const sensor = (method: string, over: Partial<Sensor> = {}): Sensor => ({
  ...{ method, scope: ['cpu'], sharedBy: 'cpu', minSeconds: 0, fineSeconds: 1 },
  ...{ detail: () => 'RAPL package-0', read: () => null, between: () => ({ uj: 0 }) },
  ...{ fault: () => null, close: () => undefined },
  ...over,
});

function checksOf(sensors: Sensor[], causes: Record<string, Cause>, over: Partial<PowerFindings> = {}): Check[] {
  const sources = { sensors, model: chooseModel(facts), causes: new Map(Object.entries(causes)) };
  const looks = sensors.map((one) => ({ sensor: one, energy: { uj: 12e6 }, seconds: 1 }));
  const found = powerChecks({ sources, looks, idle: new Map(), idleMaxAgeMs: 24 * HOUR_MS, nowMs: NOW, ...over });
  return found.map((one) => checkSchema.parse(one));
}
const cause = (name: string): Cause => ({ cause: name, text: 'why', fix: 'how' });

test('a machine that measures says how much it draws now, and that the idle draw is still to be measured', () => {
  const [power, idle, ...more] = checksOf([sensor('rapl')], { rapl: cause('vm') });
  assert.deepEqual([power?.status, power?.text], ['ok', 'RAPL package-0 (cpu): 12.0 W now']);
  assert.deepEqual([idle?.name, idle?.status], ['idle draw', 'note']);
  assert.deepEqual(more, [], 'a cause of a source that is not needed is no matter');
});

test('without a sensor the named cause comes with its fix, and what stands in for it with its error', () => {
  for (const name of ['permission', 'container-mask', 'module', 'vm', 'wsl', 'amd-core-domain']) {
    const [power, estimate] = checksOf([], { rapl: cause(name) });
    assert.deepEqual([power?.status, power?.cause, power?.fix], ['warning', name, 'how']);
    assert.match(estimate?.text ?? '', /estimated by spec-thread-median, \+-50 %: SPECpower.*EPYC 4/);
  }
});

test('a stale idle draw is named, and one from the future is no young one', () => {
  const idleAt = (measured_at: string) => {
    const known = { detail: 'RAPL package-0', watts: 8, measured_at, temperature_c: null };
    return checksOf([sensor('rapl')], {}, { idle: new Map([['rapl', known]]) })[1];
  };
  assert.deepEqual([idleAt('2026-11-20T09:00:00Z')?.status, idleAt('2026-11-20T09:00:00Z')?.cause], ['ok', null]);
  assert.deepEqual(
    [idleAt('2026-11-18T09:00:00Z')?.status, idleAt('2026-11-18T09:00:00Z')?.cause],
    ['warning', 'stale-idle'],
  );
  assert.equal(idleAt('2026-11-21T09:00:00Z')?.cause, 'stale-idle');
});

test('an NVIDIA card without its driver is named beside a CPU that measures well', () => {
  const checks = checksOf([sensor('rapl')], { nvidia: cause('nvidia-driver') });
  assert.deepEqual(checks.find(({ name }) => name === 'GPU power')?.cause, 'nvidia-driver');
});

test('a sensor that is there and gives nothing now says why', () => {
  const meter = sensor('meter', { fault: () => 'the meter at plug: HTTP 500', detail: () => 'meter at plug' });
  const [power] = checksOf([meter], {}, { looks: [{ sensor: meter, energy: { gap: 'x' }, seconds: 1 }] });
  assert.deepEqual([power?.status, power?.cause], ['warning', 'meter']);
  assert.match(power?.text ?? '', /HTTP 500/);
});

test('a platform counter below its own packages is not trusted', () => {
  const [rapl, psys] = [sensor('rapl'), sensor('rapl-psys', { scope: ['platform'] })];
  const looks = [
    { sensor: rapl, energy: { uj: 20e6 }, seconds: 1 },
    { sensor: psys, energy: { uj: 6e6 }, seconds: 1 },
  ];
  const found = checksOf([rapl, psys], {}, { looks }).find(({ cause: name }) => name === 'psys');
  assert.match(found?.text ?? '', /psys says 6\.0 W and its own CPU packages 20\.0 W/);
});

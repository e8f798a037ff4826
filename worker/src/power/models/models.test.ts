import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chooseModel, type ModelFacts } from './choose.ts';
import { boaviztaWatts, cloudVcpuW, specServerWatts, teadsWatts } from './curves.ts';
import { between, linearModel } from './model.ts';
import { type CpuIdentity, threadWatts } from './thread-watts.ts';

const cpu = (over: Partial<CpuIdentity>): CpuIdentity => ({
  ...{ vendor: 'unknown', name: '', family: null, model: null, stepping: null, part: null },
  ...over,
});
const intel = (model: number, stepping = 0, name = 'Intel(R) Xeon(R) CPU') =>
  cpu({ vendor: 'GenuineIntel', family: 6, model, stepping, name });
const amd = (family: number, model: number, name = 'AMD EPYC 7502P') =>
  cpu({ vendor: 'AuthenticAMD', family, model, name });

const generations: [string, CpuIdentity][] = [
  ['Haswell', intel(63)],
  ['Broadwell', intel(79)],
  ['Skylake-SP', intel(85, 4)],
  ['Cascade Lake', intel(85, 7)],
  ['Ice Lake', intel(106)],
  ['Sapphire Rapids', intel(143)],
  ['Emerald Rapids', intel(207)],
  ['Granite Rapids', intel(173)],
  ['EPYC 1', amd(23, 0x01)],
  ['EPYC 2', amd(23, 0x31)],
  ['EPYC 3', amd(25, 0x01)],
  ['EPYC 4', amd(25, 0x11)],
  ['EPYC 4', amd(25, 0xa0)],
  ['EPYC 5', amd(26, 0x02)],
  ['Neoverse-N1', cpu({ vendor: 'ARM', part: 0xd0c })],
  ['generic', intel(85, 4, 'Intel(R) Core(TM) i9-7900X CPU @ 3.30GHz')],
  ['generic', amd(25, 0x21, 'AMD Ryzen 7 5800X')],
  ['generic', cpu({})],
];

test('each processor finds its generation, and desktop chips do not pass for servers', () => {
  for (const [generation, identity] of generations) assert.equal(threadWatts(identity).generation, generation);
});

test('the generic thread is the median of the table', () => {
  const { idleW, fullW, servers } = threadWatts(cpu({}));
  assert.deepEqual([idleW.toFixed(2), fullW.toFixed(2), servers], ['0.58', '2.89', 0]);
});

test('the verification cases of research/energy.md section 9: Teads', () => {
  assert.equal(teadsWatts(1, 0.75).toFixed(3), '0.885');
  assert.equal(teadsWatts(205, 0.75).toFixed(3), '181.425');
  assert.equal(teadsWatts(1, 0.3).toFixed(3), '0.535');
});

test('the verification cases of research/energy.md section 9: Boavizta', () => {
  const watts = [0, 0.1, 0.5, 1].map((busy) => boaviztaWatts('default', busy).toFixed(1));
  assert.deepEqual(watts, ['35.6', '76.6', '182.2', '260.0']);
});

const facts = { method: 'm', quality: 'estimated', scope: ['wall'], halfWidth: 0.5, source: 's' } as const;

test('the verification cases of research/energy.md section 9: eight vCPUs of AWS for two minutes', () => {
  const model = linearModel(facts, 8, cloudVcpuW.AWS);
  const joules = model.idleW * 120 + model.activeJ(8 * 120 * 0.75, 120);
  assert.equal((joules / 3600).toFixed(4), '0.7493');
});

test('the regression meets a measured server (Primergy RX1330 M3) within its stated error', () => {
  for (const [busy, measured] of [
    [0, 13.1],
    [0.5, 28.2],
    [1, 56.1],
  ] as const) {
    const error = Math.abs(specServerWatts({ tdpW: 72, ramGb: 16 }, busy) / measured - 1);
    assert.ok(error <= 0.14, `${busy}: off by ${error}`);
  }
});

test('between two points a curve is straight, and beyond them it holds', () => {
  const curve = between([
    [0, 10],
    [0.5, 30],
    [0.98, 40],
  ]);
  assert.deepEqual([0, 0.25, 0.5, 0.98, 1].map(curve), [10, 20, 30, 40, 40]);
});

const machine: ModelFacts = {
  ...{ cpu: { ...amd(25, 0x11), virtual: false }, threads: 64, sockets: 1, ramGb: 128 },
  ...{ tdpW: null, cloud: null, profile: null },
};
const profile = {
  ...{ version: 1 as const, made_at: '2026-11-20T10:00:00Z', cpu_model: 'AMD EPYC 7502P', threads: 64 },
  reference: { method: 'rapl', scope: ['cpu' as const], detail: 'RAPL package-0' },
  points: [
    { busy: 0, watts: 60 },
    { busy: 0.5, watts: 150 },
    { busy: 1, watts: 200 },
  ],
  ...{ checks: [], mean_error: null, half_width: 0.12 },
};

test('the best model is taken, in the order of what is known of the machine', () => {
  const named = (over: Partial<ModelFacts>) => chooseModel({ ...machine, ...over });
  const unknown = { ...cpu({ name: 'Some CPU' }), virtual: false };
  const gold = { ...intel(199, 0, 'Intel(R) Xeon(R) Gold 9999'), virtual: false };
  assert.equal(named({ profile, tdpW: 200 }).method, 'calibrated-3-point');
  assert.equal(named({ tdpW: 200 }).method, 'spec-regression');
  assert.equal(named({ tdpW: 1200 }).method, 'spec-thread-median', 'outside of the range of the fit');
  assert.equal(named({ tdpW: 200, cpu: { ...machine.cpu, virtual: true } }).method, 'spec-thread-median');
  assert.equal(named({ cpu: { ...unknown, virtual: true }, cloud: 'AWS' }).method, 'vcpu-coefficient');
  assert.equal(named({ cpu: unknown, tdpW: 65 }).method, 'tdp-curve');
  assert.equal(named({ cpu: gold }).method, 'cpu-curve');
  assert.equal(named({ cpu: unknown }).method, 'generic-thread');
});

test('every model is labelled with its error, and only a profile is better than estimated', () => {
  const labels = [{ profile }, { tdpW: 200 }, {}, { cpu: { ...cpu({}), virtual: false } }].map((over) => {
    const { quality, halfWidth } = chooseModel({ ...machine, ...over });
    return [quality, halfWidth];
  });
  assert.deepEqual(labels, [
    ['calibrated', 0.12],
    ['estimated', 0.35],
    ['estimated', 0.5],
    ['estimated', 1.5],
  ]);
});

test('a profile on a smaller machine of the same kind is scaled by its threads', () => {
  const small = chooseModel({ ...machine, threads: 16, profile });
  assert.equal(small.idleW, 15);
  assert.equal(small.activeJ(16 * 10, 10), (200 - 60) * (16 / 64) * 10);
  assert.match(small.source, /scaled from 64 to 16 threads/);
});

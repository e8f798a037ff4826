import assert from 'node:assert/strict';
import { test } from 'node:test';
import { figureSchema } from '@ffrtmp/shared/energy/figure';
import { type CpuIdentity, threadWatts } from './cpu-watts.ts';
import { estimateFigures } from './estimate.ts';

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

test('active is CPU time above idle, full adds the idle draw of what was reserved', () => {
  const figures = estimateFigures({ cpuSeconds: 100, reservedThreads: 4, seconds: 60 }, threadWatts(amd(25, 0x11)));
  for (const figure of figures) figureSchema.parse(figure);
  const [active, full] = figures;
  assert.equal(active?.value?.toFixed(3), (100 * 1.47).toFixed(3));
  assert.equal(full?.value?.toFixed(3), (147 + 0.38 * 4 * 60).toFixed(3));
  assert.deepEqual([active?.quality, active?.method, active?.scope], ['estimated', 'spec-thread-median', ['wall']]);
  assert.deepEqual([active?.low?.toFixed(2), active?.high?.toFixed(2)], ['73.50', '220.50']);
  assert.match(active?.source ?? '', /2026-03, EPYC 4, median of 41 servers: 0\.38 W idle, 1\.85 W full/);
});

test('an unknown processor has a wide error that never goes below nothing', () => {
  const [active] = estimateFigures({ cpuSeconds: 10, reservedThreads: 1, seconds: 1 }, threadWatts(cpu({})));
  assert.deepEqual([active?.method, active?.low], ['generic-thread', 0]);
  assert.equal(active?.high?.toFixed(3), ((active?.value ?? 0) * 2.5).toFixed(3));
});

test('without CPU time there is no figure but the reason', () => {
  const figures = estimateFigures({ cpuSeconds: null, reservedThreads: 1, seconds: 1 }, threadWatts(cpu({})));
  for (const { value, quality, source } of figures)
    assert.deepEqual([value, quality, source], [null, 'none', 'the CPU time of the process could not be read']);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Figure } from '@ffrtmp/shared/energy/figure';
import { collectSums, dayOf, daysOfAttempt, daysOfJob, type EndedAttempt, partsOf } from './daily.ts';

const DAY = Date.UTC(2026, 10, 20);
const joules = (value: number): Figure => ({
  ...{ name: 'energy_active', value, unit: 'J', scope: ['cpu'], method: 'rapl', quality: 'measured' },
  ...{ coverage: 1, low: value, high: value, source: 'a sensor' },
});
const attempt = (fields: Partial<EndedAttempt> = {}): EndedAttempt => ({
  ...{ tenantId: 't', nodeId: 'n', profile: 'libx264/medium/720p', labels: ['show=a', 'owner=b'] },
  ...{ kind: 'transcode', state: 'succeeded', cause: null },
  ...{ startedAt: DAY - 2500, endedAt: DAY, metrics: { duration: 2, media_s: 60 }, figures: [joules(5), joules(2)] },
  ...fields,
});
function sumsOf(...attempts: EndedAttempt[]) {
  const sums = collectSums();
  for (const one of attempts) sums.add(daysOfAttempt(one));
  return sums.all();
}

test('A day begins at midnight UTC, and belongs to its first millisecond and not to the next day’s', () => {
  assert.deepEqual([dayOf(DAY), dayOf(DAY + 86_399_999), dayOf(DAY - 1)], [DAY, DAY, DAY - 86_400_000]);
});

test('An attempt counts once a tenant, a node, a profile and each of its labels, on the day of its end', () => {
  const sums = sumsOf(attempt());
  assert.deepEqual(
    sums.map(({ dimension, day, key }) => [dimension, day, key]),
    [
      ['label', DAY, 'owner=b'],
      ['label', DAY, 'show=a'],
      ['node', DAY, 'n'],
      ['profile', DAY, 'libx264/medium/720p'],
      ['tenant', DAY, 't'],
    ],
  );
  for (const { parts } of sums) {
    assert.deepEqual([parts.encode?.attempts, parts.encode?.seconds, parts.encode?.media_s], [1, 2.5, 60]);
    assert.deepEqual(parts.encode?.energy, [joules(7)]);
  }
});

test('What came to nothing, by its cause, and what only judged stand apart from what made results', () => {
  const [sum] = sumsOf(
    attempt({ labels: [] }),
    attempt({ labels: [], state: 'lost', cause: 'lost', metrics: null, figures: [joules(3)] }),
    attempt({ labels: [], kind: 'quality', figures: [joules(1)] }),
    attempt({ labels: [], kind: 'quality', state: 'failed', cause: 'input', figures: [joules(4)] }),
    attempt({ labels: [], state: 'lost', cause: 'lost', figures: [joules(6)] }),
  );
  const energy = partsOf(sum ?? { parts: {} }).map(([part, one]) => [part, one.attempts, one.energy[0]?.value]);
  assert.deepEqual(energy, [
    ['encode', 1, 7],
    ['quality', 1, 1],
    ['waste:input', 1, 4],
    ['waste:lost', 2, 9],
  ]);
});

test('Figures of the picture do not add up, so none is kept', () => {
  const psnr: Figure = { ...joules(41), name: 'psnr', unit: 'dB', scope: [] };
  assert.deepEqual(sumsOf(attempt({ figures: [psnr, joules(1)] }))[0]?.parts.encode?.energy, [joules(1)]);
});

test('A job that ran nowhere is of no node, so that the nodes together are all', () => {
  const sums = collectSums();
  const job = { tenantId: 't', endedAt: DAY, profile: 'p', labels: [] };
  sums.add(daysOfJob({ ...job, state: 'canceled', nodeId: null }));
  sums.add(daysOfJob({ ...job, state: 'completed', nodeId: 'n' }));
  const jobs = Object.fromEntries(sums.all().map(({ dimension, key, jobs }) => [`${dimension}/${key}`, jobs]));
  assert.deepEqual(jobs, {
    'node/': { completed: 0, failed: 0, canceled: 1 },
    'node/n': { completed: 1, failed: 0, canceled: 0 },
    'profile/p': { completed: 1, failed: 0, canceled: 1 },
    'tenant/t': { completed: 1, failed: 0, canceled: 1 },
  });
});

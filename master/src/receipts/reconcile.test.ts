import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Figure } from '@ffrtmp/shared/energy/figure';
import { type PeriodPower, reconcile } from './reconcile.ts';

const period = (fields: Partial<PeriodPower> = {}): PeriodPower => ({
  ...{ at: Date.parse('2026-11-20'), method: 'rapl', scope: 'cpu,dram', quality: 'measured' },
  ...{ seconds: 100, covered_s: 50, total_j: 10, jobs_j: 4, other_j: 3, idle_j: 2, rest_j: 1 },
  ...fields,
});
const full = (value: number | null, fields: Partial<Figure> = {}): Figure => ({
  ...{ name: 'energy_full', value, unit: 'J', scope: ['dram', 'cpu'], method: 'rapl', quality: 'attributed' },
  ...{ coverage: 1, low: value, high: value, source: 'a sensor' },
  ...fields,
});
const books = { periods: [period()], ended: [], running: [], detailOf: () => null };

test('figures count with the source of their method and scope, whether a sensor was shared or not', () => {
  const ended = [full(1), full(2, { quality: 'measured' }), full(50, { name: 'energy_active' }), full(null)];
  const { sources, unmatched } = reconcile({ ...books, ended, running: [full(0.5)] });
  const [source] = sources;
  assert.deepEqual([source?.attempts_j, source?.running_j, source?.unexplained_j], [3, 0.5, 0.5]);
  assert.deepEqual(unmatched, []);
});

test('an estimate is no measurement, and another scope another source', () => {
  const ended = [full(1, { quality: 'estimated' }), full(2, { scope: ['cpu'] }), full(4, { method: 'nvml' })];
  const { sources, unmatched } = reconcile({ ...books, ended });
  assert.deepEqual([sources[0]?.attempts_j, sources[0]?.unexplained_j], [0, 4]);
  assert.deepEqual(
    unmatched.map(({ value }) => value),
    [1, 2, 4],
  );
});

test('periods of one source add up and those of others stand apart; nobody’s watch has no coverage', () => {
  const later = period({ at: Date.parse('2026-11-21'), seconds: 0, covered_s: 0 });
  const { sources } = reconcile({ ...books, periods: [period(), period({ scope: 'gpu', method: 'nvml' }), later] });
  assert.deepEqual(
    sources.map(({ method, total, periods }) => [method, total.total_j, total.coverage, periods.length]),
    [
      ['rapl', 20, 0.5, 2],
      ['nvml', 10, 0.5, 1],
    ],
  );
  assert.equal(sources[0]?.periods[1]?.coverage, null);
});

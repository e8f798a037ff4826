import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Figure } from '@ffrtmp/shared/energy/figure';
import { type ReceiptLine, sumLines } from '@ffrtmp/shared/energy/receipt';
import { scoresOfJob } from './scores.ts';

const figure = (name: Figure['name'], value: number | null, fields: Partial<Figure> = {}): Figure => ({
  ...{ name, value, unit: 'J', scope: ['cpu'], method: 'rapl', quality: value === null ? 'none' : 'measured' },
  ...{ coverage: 1, low: value, high: value, source: 'a sensor', ...fields },
});

const line = (fields: Partial<ReceiptLine> = {}): ReceiptLine => ({
  ...{ attempt_id: 'a', task_kind: 'transcode', attempt: 1, node_id: 'n', node_name: 'node', state: 'succeeded' },
  ...{ waste: false, cause: null, seconds: 21 },
  metrics: { width: 1000, height: 500, frames: 200, output_bytes: 1_000_000, media_s: 8, duration: 20 },
  figures: [figure('energy_active', 100)],
  ...fields,
});
const compared = line({
  ...{ task_kind: 'quality', metrics: { duration: 5 } },
  figures: [figure('vmaf', 80, { unit: 'points', scope: [], method: 'libvmaf' }), figure('energy_active', 900)],
});

const valuesOf = (lines: readonly ReceiptLine[]) =>
  Object.fromEntries(scoresOfJob(lines, sumLines(lines)).map(({ name, value, reason }) => [name, value ?? reason]));

test('The scores of a job are those of its encode: the comparison’s energy and all waste stand outside', () => {
  const wasted = line({ waste: true, state: 'failed', cause: 'lost', figures: [figure('energy_active', 5000)] });
  assert.deepEqual(valuesOf([wasted, line(), compared]), {
    throughput_per_watt: 1 / 5,
    pixels_per_joule: 1_000_000,
    quality_per_watt: 80 / 5,
    qoe_efficiency: 800_000,
  });
});

test('Energy of disjoint scopes adds up under the weaker label, and what is not known gives a reason', () => {
  const both = line({
    figures: [figure('energy_active', 60), figure('energy_active', 40, { scope: ['gpu'], quality: 'attributed' })],
  });
  const [score] = scoresOfJob([both], sumLines([both]));
  assert.deepEqual([score?.value, score?.scope, score?.quality], [1 / 5, ['cpu', 'gpu'], 'attributed']);
  const none = line({ figures: [figure('energy_active', null, { source: 'the idle draw is not known' })] });
  assert.equal(valuesOf([none]).pixels_per_joule, 'the idle draw is not known');
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Figure } from './figure.ts';
import { joulesPerMegapixelFrame, type ReceiptLine, sumLines } from './receipt.ts';

const figure = (value: number, change: Partial<Figure> = {}): Figure => ({
  name: 'energy_active',
  value,
  unit: 'J',
  scope: ['cpu'],
  method: 'rapl',
  quality: 'attributed',
  coverage: 1,
  low: value,
  high: value,
  source: 'rapl',
  ...change,
});
const psnr = figure(41, { name: 'psnr', unit: 'dB', scope: [], method: 'ffmpeg-psnr', quality: 'measured' });

const line = (change: Partial<ReceiptLine>): ReceiptLine => ({
  attempt_id: 'a',
  task_kind: 'transcode',
  attempt: 1,
  node_id: 'n',
  node_name: null,
  state: 'succeeded',
  waste: false,
  cause: null,
  seconds: 1,
  metrics: { width: 1000, height: 1000, frames: 100 },
  figures: [figure(50)],
  ...change,
});

const wasted = line({ waste: true, state: 'lost', figures: [figure(30)] });
const compared = line({ task_kind: 'quality', figures: [figure(5), psnr] });

test('Encode, comparison and waste are three sums, and every joule is in exactly one', () => {
  const sums = sumLines([line({}), wasted, compared]);
  const values = [sums.energy, sums.energy_quality, sums.energy_waste].map((figures) =>
    figures.map(({ value }) => value),
  );
  assert.deepEqual(values, [[50], [5], [30]]);
  assert.deepEqual(sums.quality, [psnr]);
});

test('Joules per megapixel-frame count the active energy of the result alone', () => {
  assert.equal(joulesPerMegapixelFrame([line({}), wasted, compared]), 0.5);
  const full = line({ figures: [figure(50), figure(80, { name: 'energy_full' })] });
  assert.equal(joulesPerMegapixelFrame([full]), 0.5);
});

test('Joules per megapixel-frame are unknown rather than wrong', () => {
  assert.equal(joulesPerMegapixelFrame([]), null);
  assert.equal(joulesPerMegapixelFrame([line({ metrics: null })]), null);
  assert.equal(joulesPerMegapixelFrame([line({ figures: [figure(0, { value: null, quality: 'none' })] })]), null);
  const mixed = [line({}), line({ figures: [figure(9, { quality: 'estimated' })] })];
  assert.equal(joulesPerMegapixelFrame(mixed), null, 'figures of different quality have no common sum');
  const half = [line({}), line({ figures: [] })];
  assert.equal(joulesPerMegapixelFrame(half), null, 'a part without a figure would make it too small');
});

test('Joules per megapixel-frame add disjoint scopes of one label, and never what overlaps', () => {
  const of = (...figures: Figure[]) => joulesPerMegapixelFrame([line({ figures })]);
  const gpu = figure(30, { scope: ['gpu'] });
  assert.equal(of(figure(50), gpu), 0.8);
  assert.equal(of(figure(50), figure(90, { scope: ['platform'], method: 'rapl-psys' })), 0.9);
  assert.equal(of(figure(50), figure(120, { scope: ['wall'], method: 'meter' }), gpu), 1.2);
  assert.equal(of(figure(50), { ...gpu, quality: 'estimated' }), null);
});

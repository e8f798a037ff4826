import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Figure } from '@ffrtmp/shared/energy/figure';
import type { Receipt } from '@ffrtmp/shared/energy/receipt';
import { demoSentence } from './sentence.ts';

const figure = (part: Partial<Figure>): Figure => ({
  name: 'energy_active',
  value: 0,
  unit: 'J',
  scope: ['cpu', 'dram'],
  method: 'm',
  quality: 'estimated',
  coverage: 1,
  low: null,
  high: null,
  source: 's',
  ...part,
});

function result(name: string, energy: Partial<Figure>, psnr: number, bytes: number) {
  const receipt = {
    energy: [figure(energy), figure({ name: 'energy_full', value: 999 })],
    quality: [figure({ name: 'psnr', value: psnr, unit: 'dB', scope: [], quality: 'measured' })],
  };
  return { name, bytes, receipt: receipt as Receipt };
}

test('the sentence says what more energy bought', () => {
  const results = [
    result('x264 medium', { value: 80, low: 75, high: 85 }, 41.5, 800),
    result('x264 veryfast', { value: 40, low: 35, high: 45 }, 40.3, 1000),
    result('SVT-AV1', { value: 60, low: 55, high: 65 }, 40.31, 1000),
  ];
  assert.equal(
    demoSentence(results),
    'x264 veryfast used the least active energy, 40.0 J estimated (cpu+dram); SVT-AV1 took 1.50 times as much for the same PSNR and a file of the same size; x264 medium took 2.00 times as much for 1.2 dB more PSNR and a 20 % smaller file.',
  );
});

test('overlapping bounds are said', () => {
  const results = [
    result('a', { value: 80, low: 40, high: 120 }, 41, 800),
    result('b', { value: 40, low: 20, high: 60 }, 41, 800),
  ];
  assert.match(demoSentence(results), /Their bounds overlap: the order is likely, the factors are not proven\.$/);
});

test('unlike scopes, unlike labels and missing figures are never ranked', () => {
  const cpu = result('a', { value: 80 }, 41, 800);
  assert.match(
    demoSentence([cpu, result('b', { value: 1, scope: ['gpu'] }, 41, 800)]),
    /cannot be compared: they are of unlike kinds, estimated \(cpu\+dram\) and estimated \(gpu\)/,
  );
  assert.match(demoSentence([cpu, result('b', { value: 1, quality: 'measured' }, 41, 800)]), /cannot be compared/);
  assert.match(
    demoSentence([cpu, result('b', { value: null, quality: 'none' }, 41, 800)]),
    /cannot be compared: b has no single active-energy figure/,
  );
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Figure } from '@ffrtmp/shared/energy/figure';
import { figureOrigin, figuresText, figureText } from './figure.ts';

const joules: Figure = {
  name: 'energy_active',
  value: 12.3,
  unit: 'J',
  scope: ['cpu', 'dram'],
  method: 'spec-thread-median',
  quality: 'estimated',
  coverage: 1,
  low: 6.1,
  high: 18.4,
  source: 'SPECpower 2024',
};

test('an energy carries its label and its bounds', () => {
  assert.equal(figureText(joules), '12.3 J estimated (6.10–18.4)');
  assert.equal(figureText({ ...joules, quality: 'measured', low: null, high: null }), '12.3 J measured');
});

test('a missing sensor is never a zero', () => {
  const none: Figure = { ...joules, value: null, quality: 'none', source: 'no sensor is readable' };
  assert.equal(figureText(none), 'none: no sensor is readable');
});

test('a measured zero is a zero', () => {
  assert.equal(figureText({ ...joules, value: 0, low: 0, high: 0.5 }), '0 J estimated (0–0.500)');
});

test('figures of unlike kinds stand side by side', () => {
  const gpu: Figure = { ...joules, scope: ['gpu'], quality: 'measured', value: 100, low: 99, high: 101 };
  assert.equal(figuresText([joules, gpu], 'energy_active'), '12.3 J estimated (6.10–18.4) + 100 J measured (99.0–101)');
  assert.equal(figuresText([joules], 'psnr'), '–');
});

test('picture quality is shown in its own unit', () => {
  const base = {
    scope: [],
    method: 'ffmpeg',
    quality: 'measured' as const,
    coverage: 1,
    low: null,
    high: null,
    source: 'ffmpeg',
  };
  assert.equal(figureText({ ...base, name: 'psnr', value: 41.234, unit: 'dB' }), '41.23 dB');
  assert.equal(figureText({ ...base, name: 'ssim', value: 0.98765, unit: 'ratio' }), '0.9877');
});

test('the frames behind a figure of the picture stand in its origin, and never for its value', () => {
  const frames = { count: 48, of: 48, mean: 38.79, harmonic_mean: 38.76, p5: 37.17, worst: 37.08, worst_frame: 5 };
  const psnr: Figure = {
    ...{ ...joules, name: 'psnr', value: 38.65, unit: 'dB', scope: [], quality: 'measured', method: 'ffmpeg-psnr' },
    ...{ source: 'ffmpeg psnr, 48 frames', frames: { ...frames, interval: 1 } },
  };
  assert.equal(figureText(psnr), '38.65 dB');
  assert.equal(
    figureOrigin(psnr),
    'frames: mean 38.79, 5 % at 37.17 or below, worst 37.08 (frame 5); ffmpeg-psnr; ffmpeg psnr, 48 frames',
  );
  assert.equal(figureText({ ...psnr, name: 'vmaf', value: 92.523, unit: 'points' }), '92.52 points');
});

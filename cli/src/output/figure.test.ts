import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Figure } from '@ffrtmp/shared/energy/figure';
import { figuresText, figureText } from './figure.ts';

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

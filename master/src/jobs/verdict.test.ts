import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Figure } from '@ffrtmp/shared/energy/figure';
import { isGated, judge } from './verdict.ts';

const frames = { count: 100, of: 100, mean: 41, harmonic_mean: 40, p5: 36, worst: 30, worst_frame: 7, interval: 1 };
const figure = (name: Figure['name'], value: number | null, fields: Partial<Figure> = {}): Figure => ({
  ...{ name, value, low: value, high: value, unit: 'dB', scope: [], method: 'ffmpeg', coverage: 1, frames },
  ...{ quality: value === null ? 'none' : 'measured', source: value === null ? 'no libvmaf' : 'ffmpeg', ...fields },
});
const all = [figure('psnr_y', 1), figure('psnr', 40), figure('ssim', 0.95), figure('vmaf', 92)];

test('What reaches its least value passes, and equal is enough', () => {
  const passed = { passed: true, mayImprove: true, reason: '' };
  assert.deepEqual(judge({ min: { psnr: 40, ssim: 0.95, vmaf: 92 }, on: 'film' }, all), passed);
  assert.deepEqual(judge({ on: 'film' }, []), passed, 'who asks for nothing gets it');
});

test('Each figure that is too low is named with what was wanted', () => {
  assert.deepEqual(judge({ min: { psnr: 40.5, ssim: 0.96, vmaf: 95 }, on: 'film' }, all), {
    ...{ passed: false, mayImprove: true },
    reason: 'PSNR is 40.00 dB, wanted 40.50 dB; SSIM is 0.9500, wanted 0.9600; VMAF is 92.00, wanted 95.00',
  });
});

test('The frames decide where the job says so', () => {
  assert.equal(
    judge({ min: { psnr: 37 }, on: 'p5' }, all).reason,
    'PSNR of the worst 5 % of the frames is 36.00 dB, wanted 37.00 dB',
  );
  assert.equal(
    judge({ min: { psnr: 37 }, on: 'worst' }, all).reason,
    'PSNR of the worst frame is 30.00 dB, wanted 37.00 dB',
  );
  assert.equal(judge({ min: { psnr: 36 }, on: 'p5' }, all).passed, true);
});

test('A figure that is not there passes nothing, and no higher quality would bring it', () => {
  const none = [figure('psnr', 30), figure('vmaf', null)];
  assert.deepEqual(judge({ min: { psnr: 40, vmaf: 90 }, on: 'film' }, none), {
    ...{ passed: false, mayImprove: false },
    reason: 'PSNR is 30.00 dB, wanted 40.00 dB; no VMAF: no libvmaf',
  });
  assert.match(judge({ min: { ssim: 0.9 }, on: 'film' }, []).reason, /^no SSIM: the agent did not measure it$/);
  const old = [figure('psnr', 45, { frames: undefined })];
  assert.equal(judge({ min: { psnr: 40 }, on: 'worst' }, old).passed, false, 'an agent that tells no frames');
});

test('A job waits for its comparison only where it names a value', () => {
  assert.deepEqual(
    [null, undefined, {}, { min: {} }, { min: { ssim: 0.9 } }].map((quality) => isGated(quality)),
    [false, false, false, false, true],
  );
});

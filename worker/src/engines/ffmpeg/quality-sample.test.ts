import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { sampleInterval } from './quality-sample.ts';

const film = (seconds: number, fps = 25) => ({ duration_s: seconds, fps, frames: Math.round(seconds * fps) });

test('Every frame is compared up to ten minutes, then about as many', () => {
  assert.equal(sampleInterval('auto', film(600)), 1);
  assert.equal(sampleInterval('auto', film(601)), 7);
  assert.equal(sampleInterval('auto', film(7200)), 13);
  assert.equal(sampleInterval('auto', {}), 1, 'a length that nobody says is compared whole');
  assert.equal(sampleInterval('auto', { frames: 25 * 7200, fps: 25 }), 13);
});

test('A wish is granted, except where the logs would outgrow the memory', () => {
  assert.equal(sampleInterval(10, film(60)), 10);
  assert.equal(sampleInterval(1, film(3600)), 1);
  assert.equal(sampleInterval(1, film(36_000)), 11);
});

test('A sample never falls into the rhythm of the frame types, and never grows beyond its limit', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 200_000 }), fc.constantFrom(24, 25, 30, 60, 120), (seconds, fps) => {
      const interval = sampleInterval('auto', film(seconds, fps));
      if (interval > 1) for (const beat of [2, 3, 5]) assert.notEqual(interval % beat, 0);
      assert.ok((seconds * fps) / interval <= 100_000);
    }),
  );
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isTooOld } from './encoders.ts';

test('ffmpeg before 5.1 is too old; releases since and builds from the repository are not', () => {
  const old = ['ffmpeg version 4.4.2-0ubuntu0.22.04.1', 'ffmpeg version 5.0', 'ffmpeg version n4.4'];
  const fine = [
    'ffmpeg version 5.1.9-0+deb12u1',
    'ffmpeg version 7.0',
    'ffmpeg version n6.1.1',
    'ffmpeg version N-109542-g1bf1a1b',
  ];
  assert.deepEqual(old.map(isTooOld), [true, true, true]);
  assert.deepEqual(fine.map(isTooOld), [false, false, false, false]);
});

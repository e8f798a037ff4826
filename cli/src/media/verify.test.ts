import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Parameters } from '@ffrtmp/shared/job/parameters';
import { resolveEncode } from '@ffrtmp/shared/job/resolve';
import { type Film, readProbe } from './probe.ts';
import { verifyOutput } from './verify.ts';

const source: Film = { codec: 'hevc', width: 1080, height: 1920, fps: 30, durationS: 60, frames: 1800 };
const output: Film = { ...source, codec: 'h264' };
const encodeOf = (parameters: Parameters) => resolveEncode({ scenario: '', parameters, hasInput: true }).encode;

test('an output as it was asked for has no problems', () => {
  assert.deepEqual(verifyOutput(source, output, encodeOf({})), []);
  const cut = { ...output, durationS: 20.02, frames: 601 };
  assert.deepEqual(verifyOutput(source, cut, encodeOf({ start: 20, duration: 20 })), []);
  const small = { ...output, width: 360, height: 640 };
  assert.deepEqual(verifyOutput(source, small, encodeOf({ height: 640 })), []);
});

test('every difference is named', () => {
  const wrong = { codec: 'hevc', width: 1920, height: 1080, fps: 30, durationS: 59, frames: 1770 };
  assert.deepEqual(verifyOutput(source, wrong, encodeOf({})), [
    'the codec is hevc, not h264',
    'the picture is 1920x1080, not 1080x1920',
    'it lasts 59.00 s, not 60.00 s',
    'it has 1770 frames, not 1800',
  ]);
});

test('a rotated clip is probed as it is shown, and a cover picture is no film', () => {
  const video = { codec_type: 'video', codec_name: 'hevc', width: 1920, height: 1080, avg_frame_rate: '30000/1001' };
  const turned = { ...video, side_data_list: [{ side_data_type: 'Display Matrix', rotation: -90 }], duration: '2.5' };
  assert.deepEqual(readProbe(JSON.stringify({ streams: [turned], format: { duration: '2.6' } }), 'x'), {
    codec: 'hevc',
    width: 1080,
    height: 1920,
    fps: 30_000 / 1001,
    durationS: 2.5,
    frames: null,
  });
  const cover = { ...video, disposition: { attached_pic: 1 } };
  assert.throws(() => readProbe(JSON.stringify({ streams: [cover] }), 'song.mp3'), { code: 'not_a_video' });
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resolveEncode } from '@ffrtmp/shared/job/resolve';
import { encoderArguments } from './encoder.ts';

const words = (scenario: string, parameters: Record<string, unknown> = {}) =>
  encoderArguments(resolveEncode({ scenario, parameters, hasInput: true }).encode, 2).join(' ');

test('preset names reach every family in its own words', () => {
  assert.match(words('h264-veryfast'), /-preset veryfast/);
  assert.match(words('av1-veryfast'), /-preset 10 /);
  assert.match(words('vp9-fast'), /-deadline good -cpu-used 3 /);
  assert.match(words('h264-nvenc-slow'), /-preset p5/);
  assert.match(words('h264-qsv-ultrafast'), /-preset veryfast/);
  assert.doesNotMatch(words('h264-vaapi-fast'), /-preset/);
});

test('a preset that no family knows goes through, so that ffmpeg refuses it', () => {
  assert.match(words('', { preset: 'warp9' }), /-preset warp9/);
});

test('each family has its own constant quality, and whole numbers where it needs them', () => {
  assert.match(words('', { crf: 22.5 }), /-crf 22.5 /);
  assert.match(words('av1', { crf: 34.6 }), /-crf 35 /);
  assert.match(words('vp9', { crf: 30 }), /-crf 30 -b:v 0 /);
  assert.match(words('vp9-vaapi', { crf: 30 }), /-rc_mode CQP -global_quality 30/);
});

test('a ceiling beside the quality is understood by every family', () => {
  const capped = { crf: 30, bitrate: '1M' };
  assert.match(words('h265', capped), /-crf 30 -maxrate 1000k -bufsize 2000k/);
  assert.match(words('vp9', capped), /-crf 30 -b:v 1000k/);
  assert.match(words('h264-nvenc', capped), /-rc vbr -cq 30 -b:v 0 -maxrate 1000k/);
  assert.match(words('h264-vaapi', capped), /-rc_mode VBR -b:v 1000k -maxrate 1000k/);
});

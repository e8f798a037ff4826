import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EncoderProof } from '@ffrtmp/shared/node/capabilities';
import type { Gpu } from './gpu.ts';
import { gpuSessions } from './gpu-sessions.ts';

const proof = (name: string, works = true): EncoderProof => ({ name, works, fps: null, reason: null });
const nvidia: Gpu = { vendor: 'nvidia', name: 'one' };
const intel: Gpu = { vendor: 'intel', name: 'another' };

test('A graphics processor without a proven hardware encoder offers no session', () => {
  assert.equal(gpuSessions([nvidia], [proof('libx264'), proof('h264_nvenc', false)]), 0);
});

test('Each graphics processor of a maker whose encoder works offers two sessions', () => {
  assert.equal(gpuSessions([nvidia, nvidia, intel], [proof('libx264'), proof('hevc_nvenc')]), 4);
  assert.equal(gpuSessions([nvidia, intel], [proof('h264_nvenc'), proof('h264_vaapi')]), 4);
});

test('An encoder that works without a listed device has a device all the same', () => {
  assert.equal(gpuSessions([], [proof('h264_vaapi')]), 2);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { jobRequestSchema } from '@ffrtmp/shared/job/job';
import { buildRequest, checkRequest } from './build.ts';

test('flags become one request that the contract takes', () => {
  const request = buildRequest({
    scenario: '4K60-h264',
    queue: 'live',
    priority: 'high',
    bitrate: '15000k',
    duration: '300',
    preset: 'veryfast',
    confidence: '0.9',
    quality: 'ssim',
    'quality-sample': '7',
    label: ['show=news', 'desk=a=b'],
    param: ['crf=20', 'tune=film', 'rate=3'],
    'output-name': 'film.mp4',
    'timeout-sec': '60',
  });
  assert.deepEqual(request, {
    scenario: '4K60-h264',
    queue: 'live',
    priority: 'high',
    confidence: 0.9,
    parameters: { bitrate: '15000k', duration: 300, preset: 'veryfast', crf: 20, tune: 'film', rate: 3 },
    outputs: [{ name: 'film.mp4' }],
    limits: { timeout_sec: 60 },
    quality: { metrics: ['ssim'], sample: 7 },
    labels: { show: 'news', desk: 'a=b' },
  });
  assert.ok(jobRequestSchema.safeParse(request).success);
});

test('what a job asks of its node reads like any other flag', () => {
  const request = buildRequest({
    'cpu-threads': '4',
    'ram-mb': '2048',
    'gpu-sessions': '0',
    'disk-mb': '5000',
    pool: 'gpu',
    'node-selector': ['os=linux', 'rack=a1'],
    'require-capable': true,
    deadline: '2026-11-20T18:00:00Z',
  });
  assert.deepEqual(request, {
    resources: { cpu_threads: 4, ram_mb: 2048, gpu_sessions: 0, disk_mb: 5000 },
    pool: 'gpu',
    node_selector: { os: 'linux', rack: 'a1' },
    require_capable: true,
    deadline: '2026-11-20T18:00:00Z',
  });
  assert.ok(jobRequestSchema.safeParse(request).success);
  assert.throws(() => checkRequest(buildRequest({ 'cpu-threads': '0', pool: 'A b', deadline: 'noon' })), {
    message: /^--cpu-threads: .*\n--pool: .*\n--deadline: .*zone/s,
  });
});

test('a bare --quality takes the contract’s default', () => {
  assert.deepEqual(buildRequest({ quality: true }), { quality: {} });
});

test('flags win over the document they are put on, which stays as it was', () => {
  const base = { queue: 'batch', parameters: { crf: 30, fps: 25 } };
  assert.deepEqual(buildRequest({ crf: '20' }, base), { queue: 'batch', parameters: { crf: 20, fps: 25 } });
  assert.equal(base.parameters.crf, 30);
});

test('every problem of a request is named by its flag, at once', () => {
  assert.throws(() => checkRequest(buildRequest({ crf: '99', bitrate: 'much', quality: 'beauty' })), {
    code: 'invalid_request',
    message: /^--crf: .*\n--bitrate: .*\n--quality: /s,
  });
});

test('a field nobody knows is refused with the nearest name', () => {
  assert.throws(() => checkRequest({ prioritty: 'high' }), /prioritty: no such field; did you mean priority\?/);
});

test('a pair without a name is refused', () => {
  assert.throws(() => buildRequest({ label: ['=news'] }), /write --label name=value/);
});

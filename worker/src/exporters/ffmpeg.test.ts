import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Sample } from '@ffrtmp/runtime/exporters';
import { ffmpegExporter, type WatchedAttempt } from './ffmpeg.ts';

const encode = { encoder: 'libx264' };
const attempt = (id: string, fields: Partial<WatchedAttempt> = {}): WatchedAttempt => ({
  claimed: {
    lease: { attempt_id: id, attempt: 1, token: 't', lease_ms: 1 },
    task: { kind: 'transcode', spec: { kind: 'transcode', encode } as never },
  },
  progress: null,
  ...fields,
});
const at = (frames: number, phase = 'encode') => ({ phase, frames, fps: 25, speed: 0.5 });

async function pageOf(exporter: ReturnType<typeof ffmpegExporter>) {
  const { samples } = await exporter.collect();
  const labelsOf = ({ labels }: Sample) => Object.values(labels).join(' ');
  return Object.fromEntries(
    samples.map((one) => [`${one.metric.name.replace('ffrtmp_worker_', '')} ${labelsOf(one)}`, one.value]),
  );
}

test('Frames are counted while they are made, once each, whatever the result says in the end', async () => {
  const held = new Map<string, WatchedAttempt>();
  const exporter = ffmpegExporter(() => held.values());
  const frames = async () => (await pageOf(exporter))['ffmpeg_frames_total transcode libx264'];
  held.set('a', attempt('a', { progress: at(500, 'generate') }));
  assert.equal(await frames(), undefined, 'what is generated first is no work of the job');
  held.set('a', attempt('a', { progress: at(100) }));
  assert.equal(await frames(), 100);
  held.set('a', attempt('a', { progress: at(250) }));
  held.set('b', attempt('b', { progress: at(10) }));
  assert.equal(await frames(), 260);
  exporter.ended(attempt('a', { progress: at(250) }), { status: 'completed', metrics: { frames: 300 } });
  held.delete('a');
  assert.equal(await frames(), 310);
  // ffprobe may count fewer than ffmpeg said: a counter never falls.
  exporter.ended(attempt('b', { progress: at(20) }), { status: 'completed', metrics: { frames: 5 } });
  held.delete('b');
  assert.equal(await frames(), 310);
});

test('Running engines are summed by task and encoder, and are gone from the page with the last of them', async () => {
  const held = new Map([
    ['a', attempt('a', { progress: at(1) })],
    ['b', attempt('b', { progress: at(1) })],
    ['c', attempt('c', { progress: at(0, 'fetch') })],
  ]);
  const exporter = ffmpegExporter(() => held.values());
  const page = await pageOf(exporter);
  const of = 'transcode libx264';
  assert.deepEqual(
    [page[`ffmpeg_running ${of}`], page[`ffmpeg_fps ${of}`], page[`ffmpeg_speed_ratio ${of}`]],
    [2, 50, 1],
  );
  held.clear();
  assert.equal((await pageOf(exporter))[`ffmpeg_running ${of}`], undefined);
});

test('Starts, ends, failures by class and what results report are added up; what is not said adds nothing', async () => {
  const exporter = ffmpegExporter(() => []);
  const again = attempt('b');
  again.claimed.lease.attempt = 2;
  exporter.started(attempt('a'));
  exporter.ended(attempt('a'), { status: 'failed', failure_class: 'resource', metrics: { duration: 3 } });
  exporter.started(again);
  const metrics = { duration: 7, cpu_s: 20, input_bytes: 100, output_bytes: 40 };
  exporter.ended(again, { status: 'completed', metrics });
  assert.deepEqual(await pageOf(exporter), {
    'ffmpeg_starts_total transcode false': 1,
    'ffmpeg_starts_total transcode true': 1,
    'attempts_total transcode failed': 1,
    'attempts_total transcode completed': 1,
    'attempt_failures_total transcode resource': 1,
    'ffmpeg_seconds_total transcode libx264': 10,
    'ffmpeg_cpu_seconds_total transcode libx264': 20,
    'input_bytes_total libx264': 100,
    'output_bytes_total libx264': 40,
  });
});

test('An encoder that nobody knows shares a label: a master may send what it likes', async () => {
  const exporter = ffmpegExporter(() => []);
  for (let index = 0; index < 100; index += 1) {
    const strange = attempt(String(index));
    strange.claimed.task.spec = { kind: 'transcode', encode: { encoder: `made-up-${index}` } } as never;
    exporter.ended(strange, { status: 'completed', metrics: { duration: 1 } });
  }
  const { samples } = await exporter.collect();
  assert.deepEqual(new Set(samples.flatMap(({ labels }) => labels.encoder ?? [])), new Set(['other']));
});

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { probe } from '../engines/ffmpeg/probe.ts';
import type { Snapshot } from '../engines/ffmpeg/progress.ts';
import { expectedOf, generateInput } from './generate.ts';

const cwd = mkdtempSync(join(tmpdir(), 'ffrtmp-generate-'));
after(() => rmSync(cwd, { recursive: true }));

test('a generated film has the asked size, rate, length and a stereo tone', async () => {
  const { signal } = new AbortController();
  const input = { width: 426, height: 240, fps: 29.97, duration_s: 2.5 };
  const output = join(cwd, 'film.mp4');
  let last: Snapshot | undefined;
  const onProgress = (snapshot: Snapshot) => {
    last = snapshot;
  };
  const run = await generateInput({ ffmpeg: 'ffmpeg', input, output, threads: 2, cwd, onProgress }, signal);
  assert.deepEqual(run.outcome, { kind: 'succeeded' }, run.stderrTail);
  assert.ok(run.cpuSeconds > 0);
  const { streams } = await probe(output, signal);
  const [picture, sound] = streams;
  assert.deepEqual([picture?.width, picture?.height, picture?.codec], [426, 240, 'h264']);
  assert.ok(Math.abs((picture?.fps ?? 0) - 29.97) < 0.01);
  assert.ok(Math.abs((picture?.duration_s ?? 0) - 2.5) < 0.05);
  assert.deepEqual([sound?.type, sound?.channels, sound?.sample_rate], ['audio', 2, 48000]);
  assert.deepEqual([last?.frame, last?.done], [expectedOf(input).frames, true]);
});

import assert from 'node:assert/strict';
import { basename } from 'node:path';
import { test } from 'node:test';
import { jobOperations } from '@ffrtmp/shared/contract/jobs';
import { engine } from '../support/engine.ts';
import { waitForJob } from '../support/events.ts';
import { attemptsOf, fetchOutput, framesOf, submitFilm } from '../support/film.ts';
import { startAgent, startMaster } from '../support/fleet.ts';
import { realClips } from '../support/media.ts';
import { openScope } from '../support/scope.ts';

interface Published {
  frames: number;
  /** Streams that are named as dropped: data, and every picture but the first. A timecode is kept. */
  dropped?: number;
}

/** As published with the clips. A phone shows 77 of 86 frames; of two pictures the first is taken. */
const published: Record<string, Published> = {
  'bbb_480p24_30s.mp4': { frames: 720 },
  'svt_lake_1080p25_422p10_10s.mp4': { frames: 250 },
  'croatia_1080p25_8s.mp4': { frames: 200 },
  'nasa_2video_2audio_subs_16s.mp4': { frames: 325, dropped: 1 },
  'phone_hevc_hlg_rot90_1080p_2s.mp4': { frames: 77, dropped: 2 },
  'vmaf_src01_576x324_10bit_ref.mkv': { frames: 3 },
  'vmaf_src01_576x324_10bit_dis.mkv': { frames: 3 },
  'vmaf_src01_160x90_8bit_ref.mkv': { frames: 48 },
  'vmaf_src01_160x90_8bit_dis.mkv': { frames: 48 },
};
const { paths, skip } = realClips();

test('Every real clip goes through encode and comparison with every frame it has', { skip }, async (t) => {
  const scope = openScope(t);
  const master = await startMaster(scope);
  await startAgent(scope, master, { address: 'one', args: ['--ffmpeg', engine(scope)] });
  const jobs = new Map<string, string>();
  for (const path of paths) {
    const request = { parameters: { height: 180, preset: 'ultrafast' }, quality: {} };
    jobs.set(path, (await submitFilm(master, path, request)).id);
  }
  for (const [path, id] of jobs) {
    await t.test(basename(path), async () => {
      const job = await waitForJob(master, id);
      assert.equal(job.status, 'completed', job.error ?? '');
      const [transcode] = await attemptsOf(master, id);
      const dropped = transcode?.environment?.dropped_streams ?? [];
      const frames = await framesOf(await fetchOutput(scope, master, job));
      assert.equal(frames, transcode?.metrics?.frames);
      const known = published[basename(path)];
      if (known) {
        assert.equal(frames, known.frames);
        assert.equal(dropped.length, known.dropped ?? 0, dropped.join('; '));
      }
      const { quality, complete } = await master.client.call(jobOperations.receipt, { params: { id } });
      assert.ok(complete);
      assert.deepEqual(quality.map(({ name }) => name).sort(), ['psnr', 'psnr_y', 'ssim', 'vmaf']);
      // VMAF only where this machine's ffmpeg has libvmaf.
      for (const { name, value, source } of quality) assert.ok(value !== null || name === 'vmaf', `${name}: ${source}`);
    });
  }
});

import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, test } from 'node:test';
import { resolveEncode } from '@ffrtmp/shared/job/resolve';
import { transcodeCommand } from './command.ts';
import { pictureOf } from './media.ts';
import { probe } from './probe.ts';
import { measureQuality, qualityFigures } from './quality.ts';
import { runProcess } from './run.ts';

const clips = process.env.FFRTMP_MEDIA ?? resolve(import.meta.dirname, '../../../../../shared/media');
const skip = existsSync(clips) ? false : `no test clips at ${clips} (set FFRTMP_MEDIA)`;
const cwd = mkdtempSync(join(tmpdir(), 'ffrtmp-quality-'));
after(() => rmSync(cwd, { recursive: true }));
const { signal } = new AbortController();
const program = { ffmpeg: 'ffmpeg', version: 'ffmpeg 5.1.9', cwd, threads: 2, metrics: ['psnr', 'ssim'] as const };
const encodeOf = (parameters: Record<string, unknown>) =>
  resolveEncode({ scenario: 'h264-ultrafast', parameters, hasInput: true }).encode;

async function compare(distorted: string, reference: string, encode = encodeOf({})) {
  const [distortedPicture, referencePicture] = [await probe(distorted, signal), await probe(reference, signal)].map(
    pictureOf,
  );
  assert.ok(distortedPicture && referencePicture);
  const files = { distorted, reference, distortedPicture, referencePicture };
  const { run, figures } = await measureQuality({ ...program, ...files, encode }, signal);
  assert.deepEqual(run.outcome, { kind: 'succeeded' }, run.stderrTail.slice(-2000));
  return figures;
}

/** y and average of psnr, All of ssim, as ffmpeg 5.1 measured them for shared/media/README.md. */
const published: [string, number, number, number, number][] = [
  ['vmaf_src01_576x324_10bit', 3, 32.298, 33.706, 0.91998],
  ['vmaf_src01_160x90_8bit', 48, 37.298, 38.648, 0.98022],
];

for (const [pair, frames, y, average, ssim] of published)
  test(`${pair} gives the published figures`, { skip }, async () => {
    const figures = await compare(join(clips, `${pair}_dis.mkv`), join(clips, `${pair}_ref.mkv`));
    assert.deepEqual(
      figures.map((figure) => [figure.name, figure.value?.toFixed(3), figure.unit, figure.quality]),
      [
        ['psnr_y', y.toFixed(3), 'dB', 'measured'],
        ['psnr', average.toFixed(3), 'dB', 'measured'],
        ['ssim', ssim.toFixed(3), 'ratio', 'measured'],
      ],
    );
    assert.ok(Math.abs((figures[2]?.value ?? 0) - ssim) < 1e-5);
    assert.equal(figures[0]?.source, `ffmpeg 5.1.9 psnr, ${frames} frames`);
  });

test('identical pictures show the cap and say so', { skip }, async () => {
  const file = join(clips, 'vmaf_src01_160x90_8bit_ref.mkv');
  const [y, , ssim] = await compare(file, file);
  assert.deepEqual([y?.value, ssim?.value], [100, 1]);
  assert.match(y?.source ?? '', /48 frames, identical pictures/);
});

test('films of different length give no figure but the reason', { skip }, async () => {
  const [long, short] = ['vmaf_src01_160x90_8bit_ref.mkv', 'vmaf_src01_576x324_10bit_ref.mkv'];
  for (const figure of await compare(join(clips, long), join(clips, short))) {
    assert.deepEqual([figure.value, figure.quality, figure.coverage], [null, 'none', 0]);
    assert.equal(figure.source, 'frame counts differ: 48 in the result, 3 in the source');
  }
});

const encodes: [string, string, Record<string, unknown>][] = [
  ['edit list and rotation', 'phone_hevc_hlg_rot90_1080p_2s.mp4', { height: 320 }],
  ['a cut between frames', 'phone_hevc_hlg_rot90_1080p_2s.mp4', { height: 320, start: 0.51, duration: 1.033 }],
  ['a cut and another rate', 'phone_hevc_hlg_rot90_1080p_2s.mp4', { height: 320, start: 0.04, duration: 1, fps: 20 }],
  [
    'subtitles longer than the picture',
    'nasa_2video_2audio_subs_16s.mp4',
    { start: 0.04, duration: 1, fps: 20, container: 'mkv' },
  ],
  ['10 bit 4:2:2', 'svt_lake_1080p25_422p10_10s.mp4', { height: 180, duration: 1 }],
];

for (const [name, clip, parameters] of encodes)
  test(`an encode and its source stay aligned: ${name}`, { skip }, async () => {
    const [input, output, encode] = [join(clips, clip), join(cwd, 'result'), encodeOf(parameters)];
    const { argv } = transcodeCommand({ encode, media: await probe(input, signal), input, output, threads: 2 });
    const run = await runProcess({ program: 'ffmpeg', argv, cwd }, signal);
    assert.deepEqual(run.outcome, { kind: 'succeeded' }, run.stderrTail.slice(-2000));
    const [y] = await compare(output, input, encode);
    assert.equal(y?.quality, 'measured', y?.source);
    assert.ok((y?.value ?? 0) > 24, `psnr_y ${y?.value}`);
  });

test('a log without counts gives no figure', () => {
  const [figure] = qualityFigures('[Parsed_psnr_0 @ 0x1] PSNR y:30.1 average:31.2', ['psnr'], 'ffmpeg');
  assert.deepEqual([figure?.quality, figure?.value], ['none', null]);
});

import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import type { Figure } from '@ffrtmp/shared/energy/figure';
import { resolveEncode } from '@ffrtmp/shared/job/resolve';
import { transcodeCommand } from './command.ts';
import { pictureOf } from './media.ts';
import { probe } from './probe.ts';
import { measureQuality, qualityFigures } from './quality.ts';
import { writeQualityLog } from './quality-log.ts';
import { runProcess } from './run.ts';

const clips = process.env.FFRTMP_MEDIA ?? resolve(import.meta.dirname, '../../../../../shared/media');
const skip = existsSync(clips) ? false : `no test clips at ${clips} (set FFRTMP_MEDIA)`;
const cwd = mkdtempSync(join(tmpdir(), 'ffrtmp-quality-'));
after(() => rmSync(cwd, { recursive: true }));
const { signal } = new AbortController();
const none = { by: null, reason: 'this ffmpeg has no libvmaf' } as const;
const program = { ffmpeg: 'ffmpeg', version: 'ffmpeg 5.1.9', vmaf: none, threads: 2 };
const asked = { metrics: ['psnr', 'ssim', 'vmaf'] as const, interval: 1 };
const encodeOf = (parameters: Record<string, unknown>) =>
  resolveEncode({ scenario: 'h264-ultrafast', parameters, hasInput: true }).encode;

async function compare(distorted: string, reference: string, more: object = {}) {
  const [distortedPicture, referencePicture] = [await probe(distorted, signal), await probe(reference, signal)].map(
    pictureOf,
  );
  assert.ok(distortedPicture && referencePicture);
  const files = { distorted, reference, distortedPicture, referencePicture };
  const folder = mkdtempSync(join(cwd, 'run-'));
  const request = { ...program, ...asked, ...files, cwd: folder, encode: encodeOf({}), ...more };
  const measured = await measureQuality(request, signal);
  assert.deepEqual(measured.run.outcome, { kind: 'succeeded' }, measured.run.stderrTail.slice(-2000));
  return measured;
}

/** y and average of psnr, All of ssim, and the mean of the frames' y, as FFRTMP_MEDIA's README has them of ffmpeg 5.1. */
const published: [string, number, number, number, number, number][] = [
  ['vmaf_src01_576x324_10bit', 3, 32.298, 33.706, 0.91998, 32.571],
  ['vmaf_src01_160x90_8bit', 48, 37.298, 38.648, 0.98022, 37.482],
];

for (const [pair, frames, y, average, ssim, meanY] of published)
  test(`${pair} gives the published figures`, { skip }, async () => {
    const { figures } = await compare(join(clips, `${pair}_dis.mkv`), join(clips, `${pair}_ref.mkv`));
    assert.deepEqual(
      figures.map((figure) => [figure.name, figure.value?.toFixed(3), figure.unit, figure.quality]),
      [
        ['psnr_y', y.toFixed(3), 'dB', 'measured'],
        ['psnr', average.toFixed(3), 'dB', 'measured'],
        ['ssim', ssim.toFixed(3), 'ratio', 'measured'],
        ['vmaf', undefined, 'points', 'none'],
      ],
    );
    assert.ok(Math.abs((figures[2]?.value ?? 0) - ssim) < 1e-5);
    assert.equal(figures[0]?.source, `ffmpeg 5.1.9 psnr, ${frames} frames`);
    assert.equal(figures[3]?.source, 'this ffmpeg has no libvmaf');
    // The mean of decibels is another number than the decibels of the mean error, and never smaller.
    assert.ok(Math.abs((figures[0]?.frames?.mean ?? 0) - meanY) < 1e-3, `${figures[0]?.frames?.mean}`);
    assert.ok((figures[0]?.frames?.mean ?? 0) > (figures[0]?.value ?? 0));
  });

const dis = join(clips, 'vmaf_src01_160x90_8bit_dis.mkv');
const ref = join(clips, 'vmaf_src01_160x90_8bit_ref.mkv');

test('a sample takes the frames it says, and finds in them what the whole comparison found', { skip }, async () => {
  const whole = await compare(dis, ref);
  const sampled = await compare(dis, ref, { interval: 7 });
  for (const name of ['psnr', 'psnr_y', 'ssim'] as const) {
    const every = whole.series[name] ?? [];
    assert.deepEqual(
      sampled.series[name],
      every.filter(({ frame }) => frame % 7 === 0),
      name,
    );
    const figure = sampled.figures.find((one) => one.name === name);
    assert.deepEqual([figure?.frames?.count, figure?.frames?.of, figure?.frames?.interval], [7, 48, 7]);
    assert.equal(figure?.coverage, 7 / 48);
    assert.match(figure?.source ?? '', /, one frame in 7 of 48 frames$/);
  }
});

test('identical pictures show the cap and say so', { skip }, async () => {
  const { figures } = await compare(ref, ref);
  const [y, , ssim] = figures;
  assert.deepEqual([y?.value, ssim?.value, y?.frames?.worst], [100, 1, 100]);
  assert.match(y?.source ?? '', /48 frames, identical pictures/);
});

test('films of different length give no figure but the reason', { skip }, async () => {
  const short = join(clips, 'vmaf_src01_576x324_10bit_ref.mkv');
  for (const interval of [1, 7])
    for (const figure of (await compare(ref, short, { interval })).figures.slice(0, 3)) {
      assert.deepEqual([figure.value, figure.quality, figure.coverage], [null, 'none', 0]);
      assert.equal(figure.source, 'frame counts differ: 48 in the result, 3 in the source');
    }
});

test('the log that is kept has every frame in a few bytes', { skip }, async () => {
  const { series, frames } = await compare(dis, ref);
  const path = join(cwd, 'quality.json.gz');
  await writeQualityLog(path, series, frames, 1);
  const bytes = readFileSync(path);
  const kept = JSON.parse(gunzipSync(bytes).toString());
  assert.deepEqual([kept.version, kept.frames, kept.interval], [1, 48, 1]);
  assert.deepEqual([kept.psnr.length, kept.psnr_y.length, kept.ssim.length, kept.vmaf], [48, 48, 48, undefined]);
  assert.equal(kept.psnr_y[5], 35.58, 'the worst frame, to a hundredth');
  assert.ok(bytes.length < 48 * 20, `${bytes.length} bytes`);
});

const withLibvmaf = process.env.FFRTMP_FFMPEG_VMAF;
const vmafProgram = process.env.FFRTMP_VMAF;
/** The mean over the frames with the model vmaf_v0.6.1, as Netflix/vmaf asserts it in its own tests. */
const publishedVmaf: [string, number][] = [
  ['vmaf_src01_576x324_10bit', 82.564225],
  ['vmaf_src01_160x90_8bit', 92.520959],
];
const tools = [
  [
    'the filter',
    withLibvmaf,
    { ffmpeg: withLibvmaf, vmaf: { by: 'libvmaf' } },
    'set FFRTMP_FFMPEG_VMAF to an ffmpeg with libvmaf',
  ],
  ['the program', vmafProgram, { vmaf: { by: 'vmaf', program: vmafProgram } }, 'set FFRTMP_VMAF to a program vmaf'],
] as const;

for (const [tool, path, request, missing] of tools)
  for (const [pair, score] of publishedVmaf)
    test(`${tool} gives the published VMAF of ${pair}`, { skip: skip || (path ? false : missing) }, async () => {
      const { figures } = await compare(join(clips, `${pair}_dis.mkv`), join(clips, `${pair}_ref.mkv`), request);
      const vmaf = figures.at(-1);
      assert.equal(vmaf?.name, 'vmaf');
      assert.ok(Math.abs((vmaf?.value ?? 0) - score) < 0.005, `${vmaf?.value}: ${vmaf?.source}`);
      assert.match(vmaf?.source ?? '', /^libvmaf \d+\.\d+\.\d+, vmaf_v0\.6\.1, \d+ frames$/);
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
    for (const interval of [1, 7]) {
      const [y] = (await compare(output, input, { encode, interval })).figures;
      assert.equal(y?.quality, 'measured', y?.source);
      assert.ok((y?.value ?? 0) > 24 && (y?.frames?.worst ?? 0) > 20, `psnr_y ${y?.value}, worst ${y?.frames?.worst}`);
    }
  });

const counts = (made: number, source: number) =>
  `Output stream #0:0 (video): ${made} frames encoded\nOutput stream #0:1 (video): ${source} frames encoded\n`;
const summary = '[Parsed_psnr_0 @ 0x1] PSNR y:30.1 average:31.2';
const series = {
  psnr: [{ frame: 0, value: 31.2 }],
  psnr_y: [{ frame: 0, value: 30.1 }],
  vmaf: [{ frame: 0, value: 90 }],
};
const comparison = { metrics: ['psnr', 'vmaf'] as const, interval: 1, version: 'ffmpeg', series };
const vmafTool = { method: 'libvmaf', source: 'libvmaf 3.2.0, vmaf_v0.6.1' };
const reasons = (figures: readonly Figure[]) => figures.map(({ value, source }) => (value === null ? source : value));

test('a log without counts gives no figure, and nor does one that lacks frames', () => {
  const figures = (stderr: string, more: object = {}) =>
    reasons(qualityFigures({ ...comparison, vmaf: vmafTool, stderr, ...more }));
  assert.deepEqual(
    figures(summary),
    Array(3).fill('frame counts differ: unknown in the result, unknown in the source'),
  );
  assert.deepEqual(figures(counts(2, 2) + summary), Array(3).fill('the log speaks of 1 of 2 frames'));
  assert.deepEqual(figures(counts(1, 1) + summary), [30.1, 31.2, 90]);
  assert.deepEqual(figures(counts(1, 1)), ['ffmpeg printed no psnr', 'ffmpeg printed no psnr', 90]);
  assert.deepEqual(figures(counts(1, 1) + summary, { vmaf: { reason: 'no libvmaf' } }), [30.1, 31.2, 'no libvmaf']);
});

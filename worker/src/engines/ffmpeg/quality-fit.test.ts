import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { displayedSize, pictureOf } from './media.ts';
import { probe } from './probe.ts';
import { measureQuality } from './quality.ts';
import { misfitOf } from './quality-fit.ts';

const cwd = mkdtempSync(join(tmpdir(), 'ffrtmp-fit-'));
after(() => rmSync(cwd, { recursive: true }));
const { signal } = new AbortController();
const asMade: Parameters<typeof misfitOf>[2] = {
  fps: null,
  start_s: null,
  duration_s: null,
  width: null,
  height: null,
};

/** A real clip of 20 frames; `after` are ffmpeg's words behind the input. */
function clip(name: string, source = 'testsrc2=size=320x180:rate=25', words: string[] = []): string {
  const path = join(cwd, name);
  const lavfi = ['-f', 'lavfi', '-i', source, '-frames:v', '20'];
  const encode = ['-c:v', 'libx264', '-preset', 'ultrafast', '-crf', '18', '-pix_fmt', 'yuv420p', ...words];
  execFileSync('ffmpeg', ['-v', 'error', '-nostdin', '-y', ...lavfi, ...encode, path]);
  return path;
}

const picture = async (path: string) => pictureOf(await probe(path, signal)) ?? assert.fail(`${path} has no picture`);
const misfit = async (made: string, source: string, encode = asMade) =>
  misfitOf(await picture(made), await picture(source), encode);

const source = clip('source.mp4');

test('A result of another size than the encode makes is not compared: scaled up, it would give a number', async () => {
  const small = clip('small.mp4', 'testsrc2=size=160x90:rate=25');
  assert.match(
    (await misfit(small, source)) ?? '',
    /^the result is 160x90, and of this source \(320x180\) .* 320x180$/,
  );
  assert.equal(await misfit(small, source, { ...asMade, height: 90 }), null, 'the encode asked for it');
  assert.equal(await misfit(small, source, { ...asMade, width: 160, height: 90 }), null);
});

test('A picture that lost its rotation is not compared', async () => {
  const turned = join(cwd, 'turned.mp4');
  const rotate = ['-v', 'error', '-y', '-i', source, '-c', 'copy', '-metadata:s:v:0', 'rotate=90', turned];
  execFileSync('ffmpeg', rotate);
  assert.deepEqual(displayedSize(await picture(turned)), { width: 180, height: 320 }, 'the clip is turned');
  assert.match((await misfit(source, turned)) ?? '', /320x180, and of this source \(180x320\)/);
});

test('The same number of frames at another rate is not compared frame by frame', async () => {
  const fast = clip('fast.mp4', 'testsrc2=size=320x180:rate=50');
  assert.match((await misfit(fast, source)) ?? '', /has 50\.00 frames a second, .* 25\.00/);
  assert.equal(await misfit(fast, source, { ...asMade, fps: 50 }), null, 'the encode asked for it');
});

test('A source with odd sides fits the even result that is made of it', async () => {
  const odd = clip('odd.mkv', 'testsrc2=size=321x181:rate=25', ['-pix_fmt', 'yuv444p']);
  assert.equal(await misfit(clip('even.mp4', 'testsrc2=size=322x182:rate=25'), odd), null);
});

test('Another pixel format is compared in that of the source, and loses by it', async () => {
  const deep = clip('deep.mkv', 'testsrc2=size=320x180:rate=25', ['-pix_fmt', 'yuv444p10le', '-qp', '0']);
  assert.equal(await misfit(source, deep), null);
  const program = { ffmpeg: 'ffmpeg', version: 'ffmpeg', vmaf: { by: null, reason: 'none' } } as const;
  const files = { distorted: source, reference: deep, distortedPicture: await picture(source) };
  const rest = { metrics: ['psnr'], interval: 1, threads: 1, encode: asMade, cwd } as const;
  const { figures } = await measureQuality(
    { ...program, ...files, referencePicture: await picture(deep), ...rest },
    signal,
  );
  assert.deepEqual(
    figures.map(({ quality }) => quality),
    ['measured', 'measured'],
  );
  // Chroma of half the sides cannot give back what testsrc2 has in every pixel.
  assert.ok((figures[1]?.value ?? 100) < 50, `psnr ${figures[1]?.value}`);
});

test('A film whose container says neither size nor rate is compared: its frames are counted all the same', () => {
  const unknown = { index: 0, type: 'video', codec: 'h264', attached_pic: false } as const;
  assert.equal(misfitOf(unknown, unknown, asMade), null);
});

import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { repository } from './process.ts';

const run = promisify(execFile);

/** Made once, then kept across runs: ignored by git, removed by `make clean`. */
const cache = join(repository, 'out', 'test-media');

const tone = 'sine=frequency=440:sample_rate=48000';
const encode = [
  '-c:v',
  'libx264',
  '-preset',
  'ultrafast',
  '-crf',
  '20',
  '-pix_fmt',
  'yuv420p',
  '-c:a',
  'aac',
  '-threads',
  '1',
];

/** Kinds of picture that stress an encoder differently; lavfi sources, so that the same build makes the same frames. */
const pictures = {
  /** Shapes and digits that move steadily. */
  motion: 'testsrc2=size=320x180:rate=25',
  /** A slow zoom: every pixel changes a little. */
  zoom: 'mandelbrot=size=320x180:rate=25:maxiter=200',
  /** A pan over a still picture. */
  pan: 'testsrc2=size=640x360:rate=25,trim=end_frame=1,loop=-1:1,setpts=N/25/TB,crop=320:180:mod(t*40\\,320):60',
  /** Temporal noise: the worst case. */
  noise: 'testsrc2=size=320x180:rate=25,noise=alls=40:allf=t+u:all_seed=7',
  /** Sharp edges and digits on a flat ground, as captions and screens have them. */
  text: 'testsrc=size=320x180:rate=25:decimals=3',
  /** Nothing moves. */
  still: 'smptebars=size=320x180:rate=25',
} as const;

export type Picture = keyof typeof pictures;
export const allPictures = Object.keys(pictures) as Picture[];

export interface ClipOptions {
  seconds?: number;
  sound?: boolean;
  /** Container by its ending. */
  container?: 'mp4' | 'mkv';
}

let version: Promise<string> | undefined;
/** The cache follows the ffmpeg build: another one may make other frames. */
const ffmpegVersion = () => {
  version ??= run('ffmpeg', ['-hide_banner', '-version']).then(({ stdout }) => stdout.split('\n')[0] ?? '');
  return version;
};

/** Runs ffmpeg into the cache unless the file is there. Two test files may make the same clip: the rename is atomic. */
async function made(name: string, args: readonly string[]): Promise<string> {
  const key = createHash('sha256')
    .update(JSON.stringify([args, await ffmpegVersion()]))
    .digest('hex')
    .slice(0, 16);
  const path = join(cache, `${key}-${name}`);
  if (existsSync(path)) return path;
  mkdirSync(cache, { recursive: true });
  const part = join(cache, `${process.pid}-${key}-${name}`);
  try {
    await run('ffmpeg', ['-hide_banner', '-nostdin', '-v', 'error', '-y', ...args, `file:${part}`]);
    renameSync(part, path);
  } finally {
    rmSync(part, { force: true });
  }
  return path;
}

/** The path of a small clip; default 2 s, 320x180 at 25 frames per second, with a tone. */
export function clip(picture: Picture, options: ClipOptions = {}): Promise<string> {
  const { seconds = 2, sound = true, container = 'mp4' } = options;
  const audio = sound ? ['-f', 'lavfi', '-i', tone] : [];
  const source = ['-f', 'lavfi', '-i', pictures[picture], ...audio];
  return made(`${picture}.${container}`, [...source, '-t', String(seconds), ...encode, '-map_metadata', '-1']);
}

/** A film of sound alone: an input that is media but has no picture. */
export const soundOnly = () => made('sound.m4a', ['-f', 'lavfi', '-i', tone, '-t', '1', '-c:a', 'aac']);

/** A file that is no media at all. */
export function notMedia(folder: string): string {
  const path = join(folder, 'not-a-film.mp4');
  writeFileSync(path, 'These are words, not a film.\n'.repeat(200));
  return path;
}

/** Real clips of FFRTMP_MEDIA (default: beside the checkout), or why there are none: pass it to `skip`. */
export function realClips(): { paths: string[]; skip: string | false } {
  const folder = resolve(repository, process.env.FFRTMP_MEDIA ?? join('..', 'shared', 'media'));
  const paths = existsSync(folder)
    ? readdirSync(folder)
        .filter((name) => /\.(?:mp4|mkv|mov|webm)$/.test(name))
        .sort()
        .map((name) => join(folder, name))
    : [];
  return { paths, skip: paths.length === 0 && `no real clips in ${folder}: set FFRTMP_MEDIA to a folder of films` };
}

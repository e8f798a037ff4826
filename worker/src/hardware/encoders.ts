import { execFile } from 'node:child_process';
import { FfrtmpError } from '@ffrtmp/shared/contract/errors';
import type { EncoderProof } from '@ffrtmp/shared/node/capabilities';
import { benchOf } from '../engines/ffmpeg/bench.ts';
import { classify } from '../engines/ffmpeg/classify.ts';
import { deviceOf } from '../engines/ffmpeg/encoder.ts';
import { cleanEnvironment } from '../engines/ffmpeg/environment.ts';

/** Enough for look-ahead and B-frames to be used; one frame passes on encoders that fail at the second. */
const FRAMES = 12;
const DEFAULT_TIMEOUT_MS = 10_000;
/** A start of ffmpeg is 0.09 s of linking on one core, so two at a time halve the wait on any machine. */
const AT_ONCE = 2;

interface Run {
  error: (Error & { code?: unknown; killed?: boolean }) | null;
  stdout: string;
  stderr: string;
}

function run(ffmpeg: string, argv: string[], signal: AbortSignal, timeout: number): Promise<Run> {
  const env = cleanEnvironment('/');
  const options = { signal, timeout, killSignal: 'SIGKILL', maxBuffer: 4 * 1024 * 1024, env } as const;
  return new Promise((resolve) => {
    execFile(ffmpeg, argv, options, (error, stdout, stderr) => resolve({ error, stdout, stderr }));
  });
}

async function ask(ffmpeg: string, argv: string[], signal: AbortSignal): Promise<string> {
  const { error, stdout, stderr } = await run(ffmpeg, ['-hide_banner', ...argv], signal, DEFAULT_TIMEOUT_MS);
  signal.throwIfAborted();
  if (!error) return stdout;
  const why =
    error.code === 'ENOENT' ? 'is not installed' : `does not run: ${stderr.trim().slice(-200) || error.message}`;
  throw new FfrtmpError('missing_program', `${ffmpeg} ${why}; on Debian: apt-get install ffmpeg`);
}

/** `-fps_mode` came with it; every encode of ours says which frames it wants. */
const OLDEST_FFMPEG = [5, 1] as const;

/** Is this version line too old? A build from the repository (`N-109...`) names no release and counts as new. Pure. */
export function isTooOld(versionLine: string): boolean {
  const [, major, minor] = /^ffmpeg version n?(\d+)\.(\d+)/.exec(versionLine) ?? [];
  if (major === undefined) return false;
  return Number(major) < OLDEST_FFMPEG[0] || (Number(major) === OLDEST_FFMPEG[0] && Number(minor) < OLDEST_FFMPEG[1]);
}

/** The version line without the copyright, e.g. `ffmpeg version 5.1.9-0+deb12u1`. Throws when it is too old to use. */
export async function ffmpegVersion(ffmpeg: string, signal: AbortSignal): Promise<string> {
  const text = await ask(ffmpeg, ['-version'], signal);
  const line = (text.split('\n')[0] ?? '').replace(/ Copyright.*$/, '').slice(0, 200);
  if (!isTooOld(line)) return line;
  throw new FfrtmpError('missing_program', `${line} is too old: ${OLDEST_FFMPEG.join('.')} or newer is needed`);
}

async function listedEncoders(ffmpeg: string, signal: AbortSignal): Promise<Set<string>> {
  const text = await ask(ffmpeg, ['-encoders'], signal);
  return new Set([...text.matchAll(/^ V\S{5} (\S+)/gm)].map((match) => match[1] ?? ''));
}

/** Fast settings where an encoder is slow by default: what is proven is that it works here. */
const quick: Record<string, string[]> = {
  libx264: ['-preset', 'veryfast'],
  libx265: ['-preset', 'veryfast'],
  libsvtav1: ['-preset', '10'],
  libvpx: ['-deadline', 'good', '-cpu-used', '5'],
  'libvpx-vp9': ['-deadline', 'good', '-cpu-used', '5'],
};

function proofCommand(name: string): string[] {
  const device = deviceOf(name);
  const filters = ['format=yuv420p', ...device.filters].join(',');
  return [
    ...['-hide_banner', '-nostdin', '-nostats', '-benchmark', '-progress', 'pipe:1', ...device.global],
    ...['-f', 'lavfi', '-i', 'testsrc2=size=640x360:rate=25', '-frames:v', String(FRAMES), '-vf', filters],
    ...['-c:v', name, ...(quick[name] ?? []), '-f', 'null', '-'],
  ];
}

async function prove(ffmpeg: string, name: string, signal: AbortSignal, timeoutMs: number): Promise<EncoderProof> {
  const { error, stdout, stderr } = await run(ffmpeg, proofCommand(name), signal, timeoutMs);
  signal.throwIfAborted();
  const failed = (reason: string) => ({ name, works: false, fps: null, reason: reason.slice(0, 500) });
  if (error?.killed) return failed(`the proof encode did not end within ${timeoutMs / 1000} s`);
  if (error) return failed(classify({ exitCode: Number(error.code), signal: null, stderrTail: stderr }).message);
  const frames = Number([...stdout.matchAll(/^frame=(\d+)$/gm)].at(-1)?.[1] ?? 0);
  if (frames < FRAMES) return failed(`the proof encode gave ${frames} of ${FRAMES} frames`);
  const seconds = benchOf(stderr).realSeconds;
  return { name, works: true, fps: seconds > 0 ? Math.round((FRAMES / seconds) * 10) / 10 : null, reason: null };
}

/**
 * Which of `names` this machine really can encode with: every one that ffmpeg lists encodes some frames. Drivers, devices
 * and licences are what a list cannot know. Throws `missing_program` when ffmpeg does not run.
 */
export async function proveEncoders(request: {
  ffmpeg: string;
  names: readonly string[];
  signal: AbortSignal;
  timeoutMs?: number;
}): Promise<EncoderProof[]> {
  const { ffmpeg, names, signal, timeoutMs = DEFAULT_TIMEOUT_MS } = request;
  const listed = await listedEncoders(ffmpeg, signal);
  const proofs = new Map<string, EncoderProof>();
  const open = names.filter((name) => listed.has(name));
  const work = async () => {
    for (let name = open.shift(); name !== undefined; name = open.shift())
      proofs.set(name, await prove(ffmpeg, name, signal, timeoutMs));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  const missing = { works: false, fps: null, reason: 'this ffmpeg was built without it' };
  return names.map((name) => proofs.get(name) ?? { name, ...missing });
}

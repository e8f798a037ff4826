import { execFile } from 'node:child_process';
import { basename } from 'node:path';
import { tied } from '@ffrtmp/runtime/tie';
import { FfrtmpError } from '@ffrtmp/shared/contract/errors';
import { fileUrl } from './argument.ts';
import { cleanEnvironment } from './environment.ts';
import { type Media, parseMedia, pictureOf } from './media.ts';

/** A local file answers in tens of milliseconds; a minute means the disk hangs. */
const PROBE_TIMEOUT_MS = 60_000;
/** A report of a file with hundreds of streams is some hundred kB. */
const REPORT_LIMIT_BYTES = 8 * 1024 * 1024;

/** Demuxers that open further files named inside the file: an upload must not reach what else lies on this machine. */
const playlists = new Set(['hls', 'applehttp', 'dash', 'concat', 'concatf', 'imf', 'sdp', 'rtsp', 'vobsub']);
/** ffprobe takes any text for `tty` art, and a still picture for a film of one frame. */
const notFilms = /^(tty|image2|bin|xbin|adf|idf|ico|\w+_pipe)$/;

interface Report {
  error: (Error & { code?: unknown }) | null;
  stdout: string;
  stderr: string;
}

function runProbe(program: string, file: string, signal: AbortSignal): Promise<Report> {
  const argv = ['-hide_banner', '-v', 'error', '-protocol_whitelist', 'file', '-print_format', 'json'];
  argv.push('-show_format', '-show_streams', fileUrl(file));
  const limits = { timeout: PROBE_TIMEOUT_MS, killSignal: 'SIGKILL', maxBuffer: REPORT_LIMIT_BYTES } as const;
  const options = { ...limits, signal, env: cleanEnvironment('/') };
  // A damaged film may keep it busy for the whole minute: it must not outlive its agent.
  const [command, words] = tied('KILL', program, argv);
  return new Promise((resolve) => {
    execFile(command, words, options, (error, stdout, stderr) => resolve({ error, stdout, stderr }));
  });
}

function refuse(file: string, why: string): never {
  throw new FfrtmpError('not_a_video', `${basename(file)} is not a video that can be encoded: ${why}`);
}

/**
 * Reads what a local file holds. `file` is an absolute path. Throws `not_a_video` for anything without a moving
 * picture, `missing_program` without ffprobe, and the signal's reason when aborted.
 */
export async function probe(file: string, signal: AbortSignal, program = 'ffprobe'): Promise<Media> {
  const { error, stdout, stderr } = await runProbe(program, file, signal);
  signal.throwIfAborted();
  if (error?.code === 'ENOENT')
    throw new FfrtmpError('missing_program', `${program} is not installed; on Debian: apt-get install ffmpeg`);
  const words = stderr
    .trim()
    .replaceAll(`${fileUrl(file)}: `, '')
    .slice(-400);
  if (error) refuse(file, words || `ffprobe ended without a word (${error.message.slice(0, 200)})`);
  const media = parseMedia(JSON.parse(stdout));
  const names = media.container.split(',');
  if (names.some((name) => playlists.has(name))) refuse(file, `a ${names[0]} playlist only points to other files`);
  if (names.every((name) => notFilms.test(name))) refuse(file, `its content is ${names[0]}, not a film`);
  if (!pictureOf(media)) {
    const held = media.streams.map((stream) => `${stream.codec} ${stream.type}`).join(', ');
    refuse(file, `it holds ${held || 'nothing'}, but no moving picture`);
  }
  return media;
}

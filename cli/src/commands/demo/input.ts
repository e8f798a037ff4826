import { statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { FfrtmpError } from '@ffrtmp/shared/contract/errors';
import { testSourceArguments } from '@ffrtmp/shared/media/testsource';
import { formatBytes } from '@ffrtmp/shared/media/units';
import { type Film, probeFilm } from '../../media/probe.ts';
import { requireReadable } from '../../media/readable.ts';
import { lastLine, runTool } from '../../media/tool.ts';

/** Long enough for steady figures, short enough for three encodes on two cores well within a minute. */
const GENERATED = { width: 1280, height: 720, fps: 30, duration_s: 8 };
/** A longer film is represented by a piece out of its middle: beginnings are often dark and still. */
const LONG_S = 40;
const PIECE_S = 20;
/** Databases, generated input and outputs, and the 256 MiB that the master never fills. */
const ROOM_BYTES = 450e6;
/** The master's copy, one in each agent's job folder, and as much again for the outputs. */
const COPIES = 4;

export interface PreparedInput {
  path: string;
  film: Film;
  cut: { start: number; duration: number } | undefined;
}

/** The film the demo encodes: the given one, checked, or a generated one. */
export async function prepareInput(
  given: string | undefined,
  options: { full: boolean; dir: string; signal: AbortSignal; say: (text: string) => void },
): Promise<PreparedInput> {
  const { signal, say } = options;
  const bytes = given === undefined ? 0 : await requireReadable(given);
  await requireRoom(options.dir, bytes * COPIES + ROOM_BYTES);
  const path = given ?? (await generate(join(options.dir, 'testfilm.mp4'), signal));
  const film = await probeFilm(path, { signal, count: true });
  const text = `${film.width}x${film.height}, ${film.fps?.toFixed(2) ?? '?'} fps, ${film.durationS?.toFixed(1) ?? '?'} s, ${film.codec}`;
  say(given === undefined ? `input: a generated film, ${text}` : `input: ${given}, ${text}`);
  const cut = options.full ? undefined : middle(film.durationS);
  if (cut) say(`the film is long: using ${cut.duration} s from ${cut.start} s on (--full takes all of it)`);
  return { path, film, cut };
}

/** The piece of a long film, or undefined for one that is used whole. */
export function middle(durationS: number | null): PreparedInput['cut'] {
  if (durationS === null || durationS <= LONG_S) return undefined;
  return { start: Math.floor((durationS - PIECE_S) / 2), duration: PIECE_S };
}

async function requireRoom(dir: string, neededBytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(dir);
  const freeBytes = bavail * bsize;
  if (freeBytes >= neededBytes) return;
  throw new FfrtmpError(
    'insufficient_storage',
    `the temporary folder ${dir} has ${formatBytes(freeBytes)} free and the demo needs about ${formatBytes(neededBytes)}: make room, or set TMPDIR to a folder elsewhere`,
  );
}

async function generate(path: string, signal: AbortSignal): Promise<string> {
  const run = await runTool('ffmpeg', testSourceArguments(GENERATED, path), signal);
  if (run.code === 0) return path;
  if (/No space left on device/i.test(run.stderr)) {
    throw new FfrtmpError('insufficient_storage', `no space is left in ${path}: set TMPDIR to a folder elsewhere`);
  }
  throw new FfrtmpError('internal', `ffmpeg could not generate the test film: ${lastLine(run.stderr)}`);
}

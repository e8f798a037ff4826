import { resolve } from 'node:path';
import { FfrtmpError } from '@ffrtmp/shared/contract/errors';
import { parseRate } from '@ffrtmp/shared/media/units';
import { z } from 'zod';
import { lastLine, runTool } from './tool.ts';

/** What the command line needs to know of a film. */
export interface Film {
  codec: string;
  /** As shown: a rotated phone clip is taller than wide. */
  width: number;
  height: number;
  fps: number | null;
  durationS: number | null;
  /** Shown frames, counted; only when asked for. */
  frames: number | null;
}

const streamSchema = z.looseObject({
  codec_type: z.string().optional(),
  codec_name: z.string().default('unknown'),
  width: z.number().default(0),
  height: z.number().default(0),
  avg_frame_rate: z.string().default(''),
  duration: z.coerce.number().optional().catch(undefined),
  disposition: z.looseObject({ attached_pic: z.number().default(0) }).default({ attached_pic: 0 }),
  side_data_list: z.array(z.looseObject({ rotation: z.number().optional() })).default([]),
});
const documentSchema = z.looseObject({
  streams: z.array(streamSchema).default([]),
  format: z.looseObject({ duration: z.coerce.number().optional().catch(undefined) }).default({}),
});

/** Probes a film. A file without a moving picture is `not_a_video`. `count` reads all of it to count the frames. */
export async function probeFilm(path: string, options: { signal: AbortSignal; count?: boolean }): Promise<Film> {
  const film = readProbe(await ffprobe(path, ['-show_streams', '-show_format', '-of', 'json'], options.signal), path);
  return options.count ? { ...film, frames: await countFrames(path, options.signal) } : film;
}

async function ffprobe(path: string, wanted: readonly string[], signal: AbortSignal): Promise<string> {
  const run = await runTool('ffprobe', ['-v', 'error', ...wanted, `file:${resolve(path)}`], signal);
  if (run.code !== 0) throw new FfrtmpError('not_a_video', `${path} is not a video: ${reason(run.stderr, path)}`);
  return run.stdout;
}

/** Counts the packets that are shown: an edit list hides some, which carry the flag D. */
async function countFrames(path: string, signal: AbortSignal): Promise<number> {
  const flags = ['-select_streams', 'v:0', '-show_entries', 'packet=flags', '-of', 'csv=p=0'];
  const lines = (await ffprobe(path, flags, signal)).split('\n');
  return lines.filter((line) => line !== '' && !line.includes('D')).length;
}

/** Reads ffprobe's JSON. Pure. */
export function readProbe(text: string, path: string): Film {
  const { streams, format } = documentSchema.parse(JSON.parse(text));
  const video = streams.find((stream) => stream.codec_type === 'video' && stream.disposition.attached_pic === 0);
  if (!video || video.width === 0) {
    throw new FfrtmpError('not_a_video', `${path} is not a video: it holds no moving picture`);
  }
  const rotation = video.side_data_list.find((data) => data.rotation !== undefined)?.rotation ?? 0;
  const turned = Math.abs(rotation) % 180 === 90;
  return {
    codec: video.codec_name,
    width: turned ? video.height : video.width,
    height: turned ? video.width : video.height,
    fps: parseRate(video.avg_frame_rate) ?? null,
    durationS: video.duration ?? format.duration ?? null,
    frames: null,
  };
}

/** ffprobe repeats the file name before its reason. */
const reason = (stderr: string, path: string) =>
  lastLine(stderr)
    .replace(/^file:[^:]*: /, '')
    .replace(resolve(path), '')
    .trim() || 'ffprobe cannot read it';

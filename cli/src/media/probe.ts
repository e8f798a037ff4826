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
  /** Video packets, counted; only when asked for. */
  frames: number | null;
}

const streamSchema = z.looseObject({
  codec_type: z.string().optional(),
  codec_name: z.string().default('unknown'),
  width: z.number().default(0),
  height: z.number().default(0),
  avg_frame_rate: z.string().default(''),
  duration: z.coerce.number().optional().catch(undefined),
  nb_read_packets: z.coerce.number().optional().catch(undefined),
  disposition: z.looseObject({ attached_pic: z.number().default(0) }).default({ attached_pic: 0 }),
  side_data_list: z.array(z.looseObject({ rotation: z.number().optional() })).default([]),
});
const documentSchema = z.looseObject({
  streams: z.array(streamSchema).default([]),
  format: z.looseObject({ duration: z.coerce.number().optional().catch(undefined) }).default({}),
});

/** Probes a film. A file without a moving picture is `not_a_video`. `count` reads all of it to count the frames. */
export async function probeFilm(path: string, options: { signal: AbortSignal; count?: boolean }): Promise<Film> {
  const counting = options.count ? ['-count_packets', '-select_streams', 'v:0'] : [];
  const wanted = ['-show_streams', '-show_format', '-of', 'json', `file:${resolve(path)}`];
  const run = await runTool('ffprobe', ['-v', 'error', ...counting, ...wanted], options.signal);
  if (run.code !== 0) throw new FfrtmpError('not_a_video', `${path} is not a video: ${reason(run.stderr, path)}`);
  return readProbe(run.stdout, path);
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
    frames: video.nb_read_packets ?? null,
  };
}

/** ffprobe repeats the file name before its reason. */
const reason = (stderr: string, path: string) =>
  lastLine(stderr)
    .replace(/^file:[^:]*: /, '')
    .replace(resolve(path), '')
    .trim() || 'ffprobe cannot read it';

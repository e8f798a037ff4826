import { parseRate } from '@ffrtmp/shared/media/units';
import { z } from 'zod';

/** One stream of a file, as far as planning an encode needs to know it. Absent means ffprobe did not say. */
export interface MediaStream {
  index: number;
  type: 'video' | 'audio' | 'subtitle' | 'data' | 'attachment';
  codec: string;
  attached_pic: boolean;
  /** Coded size, before rotation. */
  width?: number;
  height?: number;
  fps?: number;
  pix_fmt?: string;
  frames?: number;
  duration_s?: number;
  /** Degrees, as the display matrix says; players and ffmpeg turn the picture by it. */
  rotation?: number;
  language?: string;
  channels?: number;
  sample_rate?: number;
}

export interface Media {
  container: string;
  duration_s: number | null;
  bytes: number;
  streams: MediaStream[];
}

const streamSchema = z.looseObject({
  index: z.number(),
  codec_type: z.string().optional(),
  codec_name: z.string().optional(),
  codec_tag_string: z.string().optional(),
  width: z.number().optional(),
  height: z.number().optional(),
  pix_fmt: z.string().optional(),
  avg_frame_rate: z.string().optional(),
  r_frame_rate: z.string().optional(),
  nb_frames: z.string().optional(),
  duration: z.string().optional(),
  channels: z.number().optional(),
  sample_rate: z.string().optional(),
  disposition: z.looseObject({ attached_pic: z.number().optional() }).optional(),
  tags: z.record(z.string(), z.string()).optional(),
  side_data_list: z.array(z.looseObject({ rotation: z.number().optional() })).optional(),
});

const reportSchema = z.looseObject({
  streams: z.array(streamSchema).default([]),
  format: z.looseObject({ format_name: z.string(), duration: z.string().optional(), size: z.string().optional() }),
});

const numberOf = (text: string | undefined) =>
  text !== undefined && Number.isFinite(+text) ? Number(text) : undefined;
const typeOf = (text: string | undefined): MediaStream['type'] =>
  text === 'video' || text === 'audio' || text === 'subtitle' || text === 'attachment' ? text : 'data';

function streamOf(raw: z.infer<typeof streamSchema>): MediaStream {
  const type = typeOf(raw.codec_type);
  const tag = raw.codec_tag_string ?? '';
  const stream: MediaStream = {
    index: raw.index,
    type,
    // Data tracks have no codec for ffmpeg, but a tag that tells what they are: tmcd, mebx.
    codec: raw.codec_name ?? (type === 'data' && /^\w{4}$/.test(tag) ? tag : 'unknown'),
    attached_pic: raw.disposition?.attached_pic === 1,
  };
  const facts: Partial<MediaStream> = {
    width: raw.width,
    height: raw.height,
    // The average is 0/0 where a file does not say; the other one is the finest rate that fits all timestamps.
    fps: type === 'video' ? (parseRate(raw.avg_frame_rate ?? '') ?? parseRate(raw.r_frame_rate ?? '')) : undefined,
    pix_fmt: raw.pix_fmt,
    frames: type === 'video' ? numberOf(raw.nb_frames) : undefined,
    duration_s: numberOf(raw.duration),
    rotation: raw.side_data_list?.find((data) => data.rotation !== undefined)?.rotation,
    language: raw.tags?.language === 'und' ? undefined : raw.tags?.language,
    channels: raw.channels,
    sample_rate: numberOf(raw.sample_rate),
  };
  for (const [key, value] of Object.entries(facts)) if (value !== undefined) Object.assign(stream, { [key]: value });
  return stream;
}

/** The JSON report of `ffprobe -show_format -show_streams` -> facts. Throws a ZodError for anything else. */
export function parseMedia(report: unknown): Media {
  const { format, streams } = reportSchema.parse(report);
  return {
    container: format.format_name,
    duration_s: numberOf(format.duration) ?? null,
    bytes: numberOf(format.size) ?? 0,
    streams: streams.map(streamOf),
  };
}

/** The picture: the first video stream that is not a cover image. */
export function pictureOf(media: Media): MediaStream | undefined {
  return media.streams.find((stream) => stream.type === 'video' && !stream.attached_pic);
}

/** The size people see: width and height change places when the picture is shown turned by a quarter. */
export function displayedSize(picture: MediaStream): { width: number; height: number } | null {
  if (!picture.width || !picture.height) return null;
  const turned = Math.abs(picture.rotation ?? 0) % 180 === 90;
  return turned ? { width: picture.height, height: picture.width } : { width: picture.width, height: picture.height };
}

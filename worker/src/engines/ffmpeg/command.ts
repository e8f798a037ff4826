import type { Encode } from '@ffrtmp/shared/media/encoding';
import { decimal, fileUrl } from './argument.ts';
import { deviceOf, encoderArguments, familyOf } from './encoder.ts';
import { displayedSize, type Media, type MediaStream, pictureOf } from './media.ts';
import { chooseStreams } from './streams.ts';

/** What a run of ffmpeg should give: what progress is measured against. null = unknown. */
export interface Expected {
  duration_s: number | null;
  frames: number | null;
}

export interface TranscodeCommand {
  argv: string[];
  dropped: string[];
  expected: Expected;
}

/**
 * What every run of ours starts with. `-nostats` keeps the one-line counter out of the log, `info` keeps the lines in
 * which encoders name themselves, `-benchmark` ends the log with the exact CPU time, and progress comes on stdout.
 */
export const commonArguments = [
  ...['-hide_banner', '-nostdin', '-y', '-loglevel', 'info', '-nostats', '-benchmark'],
  ...['-progress', 'pipe:1', '-stats_period', '0.5'],
] as const;

/** One file as input, with the cut as an input option: exact to the frame, and the same for encode and comparison. */
export function inputArguments(path: string, cut: Pick<Encode, 'start_s' | 'duration_s'>, threads: number): string[] {
  return [
    ...['-threads', String(threads), '-protocol_whitelist', 'file'],
    ...(cut.start_s === null ? [] : ['-ss', decimal(cut.start_s)]),
    ...(cut.duration_s === null ? [] : ['-t', decimal(cut.duration_s)]),
    ...['-i', fileUrl(path)],
  ];
}

/** 4:2:0 needs even sides: -2 derives an even one, and a source with an odd side is made even. */
function scaleFilter(encode: Encode, picture: MediaStream | undefined): string[] {
  if (encode.width !== null || encode.height !== null)
    return [`scale=${encode.width ?? -2}:${encode.height ?? -2}:flags=bicubic`];
  const size = picture && displayedSize(picture);
  if (!size || (size.width % 2 === 0 && size.height % 2 === 0)) return [];
  return [`scale=${size.width + (size.width % 2)}:${size.height + (size.height % 2)}:flags=bicubic`];
}

const isTenBit = (format: string | undefined) => /p?1[02](le|be)?$/.test(format ?? '');

/** Software encoders are left the nearest format they take; hardware is told, because its nearest may not work. */
function pixelFormat(encode: Encode, picture: MediaStream | undefined): string[] {
  const family = familyOf(encode.encoder);
  if (family === 'qsv' || family === 'vaapi') return [];
  if (encode.pix_fmt !== null) return ['-pix_fmt', encode.pix_fmt];
  if (family !== 'nvenc') return [];
  const tenBit = encode.codec !== 'h264' && isTenBit(picture?.pix_fmt);
  return ['-pix_fmt', tenBit ? 'p010le' : 'yuv420p'];
}

function keyframeArguments(encode: Encode, picture: MediaStream | undefined): string[] {
  if (encode.gop_s === null) return [];
  const fps = encode.fps ?? picture?.fps;
  if (fps) return ['-g', String(Math.max(1, Math.floor(encode.gop_s * fps)))];
  return ['-force_key_frames', `expr:gte(t,n_forced*${decimal(encode.gop_s)})`];
}

function expectationOf(encode: Encode, media: Media, picture: MediaStream | undefined): Expected {
  const source = picture?.duration_s ?? media.duration_s;
  const left = source === null ? null : Math.max(0, source - (encode.start_s ?? 0));
  const duration = encode.duration_s === null ? left : Math.min(encode.duration_s, left ?? encode.duration_s);
  const cut = encode.start_s !== null || (encode.duration_s !== null && duration === encode.duration_s);
  const fps = encode.fps ?? picture?.fps;
  if (encode.fps === null && !cut && picture?.frames) return { duration_s: duration, frames: picture.frames };
  return { duration_s: duration, frames: fps && duration !== null ? Math.round(duration * fps) : null };
}

function videoArguments(encode: Encode, picture: MediaStream | undefined, threads: number): string[] {
  const device = deviceOf(encode.encoder, encode.codec !== 'h264' && isTenBit(encode.pix_fmt ?? picture?.pix_fmt));
  const filters = [
    ...(encode.fps === null ? [] : [`fps=${decimal(encode.fps)}`]),
    ...scaleFilter(encode, picture),
    ...device.filters,
  ];
  return [
    ...(filters.length > 0 ? ['-vf', filters.join(',')] : []),
    // Frames go through one for one: neither doubled nor dropped, with the timestamps they had.
    ...['-fps_mode', 'passthrough', ...(encode.fps === null ? ['-enc_time_base:v', '-1'] : [])],
    ...encoderArguments(encode, threads),
    ...pixelFormat(encode, picture),
    ...keyframeArguments(encode, picture),
  ];
}

const muxers = { mp4: 'mp4', mkv: 'matroska', webm: 'webm' } as const;

function containerArguments(encode: Encode): string[] {
  if (encode.container !== 'mp4') return ['-f', muxers[encode.container]];
  // Apple's players want hvc1; the index at the front lets a player start before it has the whole file.
  const tag = encode.codec === 'h265' ? ['-tag:v', 'hvc1'] : [];
  return [...tag, '-movflags', '+faststart', '-f', 'mp4'];
}

/** Turns one encode with every choice made into ffmpeg's arguments. Paths are absolute. Pure. */
export function transcodeCommand(request: {
  encode: Encode;
  media: Media;
  input: string;
  output: string;
  threads: number;
}): TranscodeCommand {
  const { encode, media, threads } = request;
  const picture = pictureOf(media);
  const streams = chooseStreams(media, encode);
  const argv = [
    ...commonArguments,
    ...deviceOf(encode.encoder).global,
    ...['-filter_threads', String(threads)],
    ...inputArguments(request.input, encode, threads),
    ...streams.argv,
    ...['-map_metadata', '0', '-map_chapters', '0'],
    // The input option alone reads the whole file when there are subtitles, writes those behind the cut, and lets the
    // fps filter fill the rest with copies of the last frame (ffmpeg 5.1: 83 frames instead of 20).
    ...(encode.duration_s === null ? [] : ['-t', decimal(encode.duration_s)]),
    ...videoArguments(encode, picture, threads),
    // An encode of nothing is a failure, not an empty success.
    ...['-abort_on', 'empty_output'],
    ...containerArguments(encode),
    fileUrl(request.output),
  ];
  return { argv, dropped: streams.dropped, expected: expectationOf(encode, media, picture) };
}

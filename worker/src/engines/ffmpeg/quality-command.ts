import type { Encode } from '@ffrtmp/shared/media/encoding';
import { decimal } from './argument.ts';
import { commonArguments, inputArguments } from './command.ts';
import { displayedSize, type MediaStream } from './media.ts';

export type Metric = 'psnr' | 'ssim';

export interface QualityRequest {
  /** The file to judge, absolute path. */
  distorted: string;
  /** What it was made from, absolute path. */
  reference: string;
  distortedPicture: MediaStream;
  referencePicture: MediaStream;
  /** How the one was made from the other: the source is cut and its rate changed alike. */
  encode: Pick<Encode, 'fps' | 'start_s' | 'duration_s'>;
  metrics: readonly Metric[];
  threads: number;
}

/** psnr and ssim take planar YUV and grey; other formats are compared in the one nearest to what encoders take. */
function comparisonFormat(format: string | undefined): string {
  if (format && /^(yuv[j]?4[124][0-4]p|gray)(9|1[0246])?(le|be)?$/.test(format)) return format;
  return /10|12|16/.test(format ?? '') ? 'yuv420p10le' : 'yuv420p';
}

/**
 * One run that compares two films frame by frame, by index: timestamps of both are replaced by the frame number, because
 * containers round them differently. The extra outputs `[dc]` and `[rc]` only count the frames of either side: ffmpeg
 * repeats the last frame of the shorter film otherwise, and the figure would hide that frames are missing. Pure.
 */
export function qualityCommand(request: QualityRequest): string[] {
  const { metrics, encode, threads, distortedPicture, referencePicture } = request;
  const format = comparisonFormat(referencePicture.pix_fmt);
  const size = displayedSize(referencePicture);
  const ways = metrics.length + 1;
  const pads = (side: 'd' | 'r') => `${metrics.map((metric) => `[${side}${metric}]`).join('')}[${side}c]`;
  const byIndex = 'settb=1/25,setpts=N';
  const scale = size === null ? [] : [`scale=${size.width}:${size.height}:flags=bicubic`];
  const rate = encode.fps === null ? [] : [`fps=${decimal(encode.fps)}`];
  // As in the encode, the fps filter must not fill up behind the cut, which counts from the start and not from the first frame.
  const cut = encode.fps === null || encode.duration_s === null ? [] : [`trim=end=${decimal(encode.duration_s)}`];
  const distorted = [byIndex, ...scale, `format=${format}`, `split=${ways}`].join(',');
  const reference = [...rate, ...cut, byIndex, `format=${format}`, `split=${ways}`].join(',');
  const graph = [
    `[0:${distortedPicture.index}]${distorted}${pads('d')}`,
    `[1:${referencePicture.index}]${reference}${pads('r')}`,
    ...metrics.map((metric) => `[d${metric}][r${metric}]${metric}=shortest=1[${metric}]`),
  ];
  const whole = { start_s: null, duration_s: null };
  // The counts of either side stand in the log only from `verbose` on.
  const common = commonArguments.map((word) => (word === 'info' ? 'verbose' : word));
  return [
    ...common,
    ...['-filter_complex_threads', String(threads)],
    ...inputArguments(request.distorted, whole, threads),
    ...inputArguments(request.reference, encode, threads),
    ...['-filter_complex', graph.join(';')],
    ...['dc', 'rc', ...metrics].flatMap((pad) => ['-map', `[${pad}]`]),
    ...['-fps_mode', 'passthrough', '-f', 'null', '-'],
  ];
}

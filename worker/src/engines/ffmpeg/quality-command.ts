import type { Metric } from '@ffrtmp/shared/job/job';
import type { Encode } from '@ffrtmp/shared/media/encoding';
import { decimal } from './argument.ts';
import { commonArguments, inputArguments } from './command.ts';
import { displayedSize, type MediaStream } from './media.ts';

export interface QualityRequest {
  /** The file to judge, absolute path. */
  distorted: string;
  /** What it was made from, absolute path. */
  reference: string;
  distortedPicture: MediaStream;
  referencePicture: MediaStream;
  /** How the one was made from the other: the source is cut and its rate changed alike. */
  encode: Pick<Encode, 'fps' | 'start_s' | 'duration_s' | 'width' | 'height'>;
  /** What this run measures; `vmaf` needs an ffmpeg with libvmaf. */
  metrics: readonly Metric[];
  /** 1: every frame; n: every n-th. */
  interval: number;
  threads: number;
}

/** The one model whose numbers people compare: for 1080p at three heights' distance, and libvmaf's default. */
export const VMAF_MODEL = 'vmaf_v0.6.1';

/** Logs of the frames, beside each other in the folder of the run. Plain names: a path would need escapes in a graph. */
export const frameLogs = {
  psnr: { file: 'frames-psnr.log', key: 'lavfi.psnr.psnr_avg' },
  psnr_y: { file: 'frames-psnr-y.log', key: 'lavfi.psnr.psnr.y' },
  ssim: { file: 'frames-ssim.log', key: 'lavfi.ssim.All' },
} as const;
export const VMAF_LOG = 'frames-vmaf.json';

const logTo = (name: keyof typeof frameLogs) =>
  `metadata=mode=print:key=${frameLogs[name].key}:file=${frameLogs[name].file}`;

/** Metrics that are measured frame by frame, so that the frames between may be left out before. */
const cheap = {
  psnr: `psnr=shortest=1,${logTo('psnr')},${logTo('psnr_y')}`,
  ssim: `ssim=shortest=1,${logTo('ssim')}`,
};

/** libvmaf looks at every frame, since motion is between neighbours, and leaves out scores itself. */
const vmafFilter = ({ interval, threads }: QualityRequest) =>
  `libvmaf=shortest=1:model=version=${VMAF_MODEL}:log_fmt=json:log_path=${VMAF_LOG}:n_threads=${threads}:n_subsample=${interval}`;

/** psnr and ssim take planar YUV and grey; other formats are compared in the one nearest to what encoders take. */
function comparisonFormat(format: string | undefined): string {
  if (format && /^(yuv[j]?4[124][0-4]p|gray)(9|1[0246])?(le|be)?$/.test(format)) return format;
  return /10|12|16/.test(format ?? '') ? 'yuv420p10le' : 'yuv420p';
}

/** Timestamps of both films are replaced by the frame number, because containers round them differently. */
const byIndex = 'settb=1/25,setpts=N';

/** What is done to every frame of either side before two are compared; the source also goes through the encode's cut and rate. */
export function sidesOf({ encode, distortedPicture, referencePicture }: QualityRequest) {
  const size = displayedSize(referencePicture);
  const format = `format=${comparisonFormat(referencePicture.pix_fmt)}`;
  const scale = size === null ? [] : [`scale=${size.width}:${size.height}:flags=bicubic`];
  const rate = encode.fps === null ? [] : [`fps=${decimal(encode.fps)}`];
  // As in the encode, the fps filter must not fill up behind the cut, which counts from the start and not from the first frame.
  const cut = encode.fps === null || encode.duration_s === null ? [] : [`trim=end=${decimal(encode.duration_s)}`];
  return {
    distorted: { stream: distortedPicture.index, order: byIndex, picture: [...scale, format] },
    reference: { stream: referencePicture.index, order: [...rate, ...cut, byIndex].join(','), picture: [format] },
  };
}

type Side = ReturnType<typeof sidesOf>['distorted'];

/**
 * One input as far as the filters that compare: all its frames are counted (`c`), all of them go to `whole` metrics, and
 * every n-th to `sampled` ones, where those are others.
 */
function branches(input: number, letter: 'd' | 'r', side: Side, request: QualityRequest): string[] {
  const { interval, metrics } = request;
  const sampled: Metric[] = interval === 1 ? [] : metrics.filter((metric) => metric !== 'vmaf');
  const whole = metrics.filter((metric) => !sampled.includes(metric));
  const pads = (names: readonly string[]) => names.map((name) => `[${letter}${name}]`).join('');
  const branch = (name: string, first: string[], to: readonly string[]) =>
    to.length === 0
      ? []
      : [`[${letter}${name}]${[...first, ...side.picture, `split=${to.length}`].join(',')}${pads(to)}`];
  const names = ['c', ...(whole.length > 0 ? ['whole'] : []), ...(sampled.length > 0 ? ['sampled'] : [])];
  return [
    `[${input}:${side.stream}]${side.order},split=${names.length}${pads(names)}`,
    ...branch('whole', [], whole),
    ...branch('sampled', [`select=not(mod(n\\,${interval}))`], sampled),
  ];
}

/**
 * One run that compares two films frame by frame, by index. The extra outputs `[dc]` and `[rc]` only count the frames of
 * either side: ffmpeg repeats the last frame of the shorter film otherwise, and the figure would hide that frames are
 * missing. Pure.
 */
export function qualityCommand(request: QualityRequest): string[] {
  const { metrics, encode, threads } = request;
  const { distorted, reference } = sidesOf(request);
  const filters = { ...cheap, vmaf: vmafFilter(request) };
  const graph = [
    ...branches(0, 'd', distorted, request),
    ...branches(1, 'r', reference, request),
    ...metrics.map((metric) => `[d${metric}][r${metric}]${filters[metric]}[${metric}]`),
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

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Figure, FigureName } from '@ffrtmp/shared/energy/figure';
import type { Metric } from '@ffrtmp/shared/job/job';
import { frameLogs, type QualityRequest, qualityCommand, VMAF_LOG, VMAF_MODEL } from './quality-command.ts';
import { decibels, IDENTICAL_DB, parseMetadataLog, parseVmafLog, statisticsOf } from './quality-frames.ts';
import type { Series } from './quality-log.ts';
import { type RunPlan, type RunResult, runProcess } from './run.ts';
import type { Vmaf } from './vmaf.ts';
import { runVmafProgram } from './vmaf-program.ts';

const number = '(inf|-?[\\d.]+)';
/** Figures by their metric. The pattern finds ffmpeg's own summary; without one the value is the mean of the frames. */
const readings: readonly { name: FigureName; metric: Metric; unit: Figure['unit']; summary: RegExp | null }[] = [
  { name: 'psnr_y', metric: 'psnr', unit: 'dB', summary: new RegExp(`PSNR .*?\\by:${number}`) },
  { name: 'psnr', metric: 'psnr', unit: 'dB', summary: new RegExp(`PSNR .*?\\baverage:${number}`) },
  { name: 'ssim', metric: 'ssim', unit: 'ratio', summary: new RegExp(`SSIM .*?\\bAll:${number}`) },
  { name: 'vmaf', metric: 'vmaf', unit: 'points', summary: null },
];

/** What a comparison has left behind. */
export interface Comparison {
  metrics: readonly Metric[];
  interval: number;
  /** The end of ffmpeg's log. */
  stderr: string;
  series: Series;
  /** The version line of ffmpeg. */
  version: string;
  /** What measured VMAF, with its version; or why nothing did. */
  vmaf: { method: string; source: string } | { reason: string };
}

function framesOf(stderr: string, stream: number): number | null {
  const match = new RegExp(`Output stream #0:${stream} \\(video\\): (\\d+) frames encoded`).exec(stderr);
  return match ? Number(match[1]) : null;
}

/** How many frames both films have, or why they cannot be compared. */
function commonLength(stderr: string): number | string {
  const [distorted, reference] = [framesOf(stderr, 0), framesOf(stderr, 1)];
  if (distorted !== null && distorted === reference && distorted > 0) return distorted;
  return `frame counts differ: ${distorted ?? 'unknown'} in the result, ${reference ?? 'unknown'} in the source`;
}

/** The end of ffmpeg's log and the values of the frames -> figures. Without either a figure is `none` with the reason. Pure. */
export function qualityFigures(comparison: Comparison): Figure[] {
  const length = commonLength(comparison.stderr);
  return readings
    .filter(({ metric }) => comparison.metrics.includes(metric))
    .map((reading) => {
      const { vmaf } = comparison;
      const isVmaf = reading.metric === 'vmaf';
      if (isVmaf && 'reason' in vmaf) return noFigure(reading, 'libvmaf', vmaf.reason);
      const how = isVmaf && 'method' in vmaf ? vmaf : ffmpegOwn(reading.metric, comparison.version);
      return typeof length === 'string'
        ? noFigure(reading, how.method, length)
        : measured(reading, how, length, comparison);
    });
}

const ffmpegOwn = (metric: Metric, version: string) => ({ method: `ffmpeg-${metric}`, source: `${version} ${metric}` });

type Reading = (typeof readings)[number];

const noFigure = ({ name, unit }: Reading, method: string, reason: string): Figure => ({
  ...{ name, unit, method, scope: [] },
  ...{ value: null, quality: 'none', coverage: 0, low: null, high: null, source: reason.slice(0, 400) },
});

function measured(
  reading: Reading,
  how: { method: string; source: string },
  of: number,
  comparison: Comparison,
): Figure {
  const { interval, series, stderr } = comparison;
  const values = series[reading.name] ?? [];
  const wanted = Math.ceil(of / interval);
  if (values.length !== wanted)
    return noFigure(reading, how.method, `the log speaks of ${values.length} of ${wanted} frames`);
  const frames = statisticsOf(values, of, interval);
  const value = reading.summary ? decibels(reading.summary.exec(stderr)?.[1]) : (frames?.mean ?? Number.NaN);
  if (!Number.isFinite(value)) return noFigure(reading, how.method, `ffmpeg printed no ${reading.metric}`);
  const bounds = interval === 1 ? value : null;
  return {
    ...{ name: reading.name, value, unit: reading.unit, scope: [], method: how.method, quality: 'measured' },
    ...{ coverage: wanted / of, low: bounds, high: bounds, frames },
    source: [`${how.source}, ${spanOf(of, interval)}`, ...identicalOf(reading, values)].join(', '),
  };
}

const spanOf = (of: number, interval: number) =>
  interval === 1 ? `${of} frames` : `one frame in ${interval} of ${of} frames`;

function identicalOf({ unit }: Reading, values: readonly { value: number }[]): string[] {
  const same = unit === 'dB' ? values.filter(({ value }) => value >= IDENTICAL_DB).length : 0;
  if (same === 0) return [];
  return [same === values.length ? 'identical pictures (shown as 100 dB)' : `${same} of them identical (100 dB each)`];
}

/** The same figures without a comparison: what keeps two films from being compared stands in each. Pure. */
export const unmeasured = (metrics: readonly Metric[], reason: string): Figure[] =>
  readings
    .filter(({ metric }) => metrics.includes(metric))
    .map((reading) => noFigure(reading, reading.metric === 'vmaf' ? 'libvmaf' : `ffmpeg-${reading.metric}`, reason));

export type MeasureRequest = QualityRequest &
  Omit<RunPlan, 'program' | 'argv'> & {
    ffmpeg: string;
    version: string;
    vmaf: Vmaf;
    /** A run of this comparison has ended. */
    onRun?: (run: RunResult) => void;
  };

export interface Measured {
  /** The last run: the one that failed, if one did. */
  run: RunResult;
  figures: Figure[];
  series: Series;
  /** Of the film; 0 where the two films have not the same. */
  frames: number;
  argv: string[];
}

/** What this comparison's ffmpeg measures itself: VMAF only where it has libvmaf. */
const ownMetrics = ({ metrics, vmaf }: MeasureRequest) =>
  metrics.filter((metric) => metric !== 'vmaf' || vmaf.by === 'libvmaf');

/** Compares a result with its source: one run of ffmpeg, and one of the program `vmaf` where that measures VMAF. */
export async function measureQuality(request: MeasureRequest, signal: AbortSignal): Promise<Measured> {
  const argv = qualityCommand({ ...request, metrics: ownMetrics(request) });
  const run = await runProcess({ ...request, program: request.ffmpeg, argv }, signal);
  request.onRun?.(run);
  const done = { run, argv: [request.ffmpeg, ...argv] };
  if (run.outcome.kind !== 'succeeded') return { ...done, figures: [], series: {}, frames: 0 };
  const length = commonLength(run.stderrTail);
  const { vmaf: tool } = request;
  const apart = tool.by === 'vmaf' && request.metrics.includes('vmaf') && typeof length === 'number';
  const second = apart ? await runVmafProgram({ ...request, program: tool.program }, signal) : undefined;
  if (second) request.onRun?.(second);
  if (second && second.outcome.kind !== 'succeeded')
    return { ...done, run: second, figures: [], series: {}, frames: 0 };
  const { series, vmaf } = await readLogs(request);
  const { metrics, interval, version } = request;
  const figures = qualityFigures({ metrics, interval, version, stderr: run.stderrTail, series, vmaf });
  return { ...done, figures, series, frames: typeof length === 'number' ? length : 0 };
}

async function readLogs(request: MeasureRequest): Promise<Pick<Comparison, 'series' | 'vmaf'>> {
  const series: Series = {};
  for (const { name, metric } of readings) {
    if (metric === 'vmaf' || !request.metrics.includes(metric)) continue;
    const { file } = frameLogs[name as keyof typeof frameLogs];
    series[name] = parseMetadataLog(await readFile(join(request.cwd, file), 'latin1'));
  }
  if (!request.metrics.includes('vmaf')) return { series, vmaf: { reason: 'it was not asked for' } };
  if (request.vmaf.by === null) return { series, vmaf: { reason: request.vmaf.reason } };
  try {
    const log = parseVmafLog(await readFile(join(request.cwd, VMAF_LOG), 'utf8'));
    series.vmaf = log.frames;
    const method = request.vmaf.by === 'libvmaf' ? 'libvmaf' : 'vmaf-program';
    return { series, vmaf: { method, source: `libvmaf ${log.version}, ${VMAF_MODEL}` } };
  } catch (error) {
    return { series, vmaf: { reason: `the log of libvmaf cannot be read: ${(error as Error).message}` } };
  }
}

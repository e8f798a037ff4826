import type { Figure, FigureName } from '@ffrtmp/shared/energy/figure';
import { type Metric, type QualityRequest, qualityCommand } from './quality-command.ts';
import { type RunPlan, type RunResult, runProcess } from './run.ts';

/**
 * ffmpeg prints `inf` for identical pictures, which no JSON number can say. 100 dB is beyond what 16-bit video can reach
 * (96.3 dB for an error of one step in every sample), so the cap is never mistaken for a measurement.
 */
const IDENTICAL_DB = 100;

const number = '(inf|-?[\\d.]+)';
const readings: readonly { name: FigureName; metric: Metric; unit: 'dB' | 'ratio'; pattern: RegExp }[] = [
  { name: 'psnr_y', metric: 'psnr', unit: 'dB', pattern: new RegExp(`PSNR .*?\\by:${number}`) },
  { name: 'psnr', metric: 'psnr', unit: 'dB', pattern: new RegExp(`PSNR .*?\\baverage:${number}`) },
  { name: 'ssim', metric: 'ssim', unit: 'ratio', pattern: new RegExp(`SSIM .*?\\bAll:${number}`) },
];

function framesOf(stderr: string, stream: number): number | null {
  const match = new RegExp(`Output stream #0:${stream} \\(video\\): (\\d+) frames encoded`).exec(stderr);
  return match ? Number(match[1]) : null;
}

/** The end of ffmpeg's log -> figures. A figure is `none` with the reason when frames are missing on one side. Pure. */
export function qualityFigures(stderr: string, metrics: readonly Metric[], version: string): Figure[] {
  const [distorted, reference] = [framesOf(stderr, 0), framesOf(stderr, 1)];
  const aligned = distorted !== null && distorted === reference && distorted > 0;
  return readings
    .filter(({ metric }) => metrics.includes(metric))
    .map(({ name, metric, unit, pattern }) => {
      const text = pattern.exec(stderr)?.[1];
      const value = text === 'inf' ? IDENTICAL_DB : Number(text ?? Number.NaN);
      const known = aligned && Number.isFinite(value);
      const unknown = aligned
        ? `ffmpeg printed no ${metric}`
        : `frame counts differ: ${distorted ?? 'unknown'} in the result, ${reference ?? 'unknown'} in the source`;
      const note = text === 'inf' ? ', identical pictures (shown as 100 dB)' : '';
      return {
        name,
        value: known ? value : null,
        unit,
        scope: [],
        method: `ffmpeg-${metric}`,
        quality: known ? 'measured' : 'none',
        coverage: known ? 1 : 0,
        low: known ? value : null,
        high: known ? value : null,
        source: known ? `${version} ${metric}, ${distorted} frames${note}` : unknown,
      };
    });
}

/** Compares a result with its source by one run of ffmpeg. No figures when the run did not succeed. */
export async function measureQuality(
  request: QualityRequest & Omit<RunPlan, 'program' | 'argv'> & { ffmpeg: string; version: string },
  signal: AbortSignal,
): Promise<{ run: RunResult; figures: Figure[] }> {
  const argv = qualityCommand(request);
  const run = await runProcess({ ...request, program: request.ffmpeg, argv }, signal);
  const succeeded = run.outcome.kind === 'succeeded';
  const figures = succeeded ? qualityFigures(run.stderrTail, request.metrics, request.version) : [];
  return { run, figures };
}

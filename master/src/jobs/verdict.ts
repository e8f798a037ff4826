import type { Figure } from '@ffrtmp/shared/energy/figure';
import { type JobRequest, type Metric, metrics } from '@ffrtmp/shared/job/job';

type Wanted = Pick<NonNullable<JobRequest['quality']>, 'min' | 'on'>;

export interface Verdict {
  passed: boolean;
  /** More quality could help: every figure is there, and one is too low. */
  mayImprove: boolean;
  /** What was measured against what was wanted; empty where it passed. */
  reason: string;
}

/** Does the job ask for a least quality? Without one the comparison is for information, and the job does not wait for it. */
export const isGated = (quality: Pick<Wanted, 'min'> | null | undefined) =>
  metrics.some((metric) => quality?.min?.[metric] !== undefined);

const places: Readonly<Record<Metric, (value: number) => string>> = {
  psnr: (value) => `${value.toFixed(2)} dB`,
  ssim: (value) => value.toFixed(4),
  vmaf: (value) => value.toFixed(2),
};
const ofWhat = { film: '', p5: ' of the worst 5 % of the frames', worst: ' of the worst frame' } as const;

function measuredOn(on: Wanted['on'], figure: Figure | undefined): number | null {
  if (on === 'film') return figure?.value ?? null;
  return figure?.value == null ? null : (figure.frames?.[on] ?? null);
}

/** Holds the figures of a comparison against what the job asks for. Pure. */
export function judge({ min, on = 'film' }: Wanted, figures: readonly Figure[]): Verdict {
  const missing: string[] = [];
  const low: string[] = [];
  for (const metric of metrics) {
    const wanted = min?.[metric];
    if (wanted === undefined) continue;
    const figure = figures.find(({ name }) => name === metric);
    const value = measuredOn(on, figure);
    const name = `${metric.toUpperCase()}${ofWhat[on]}`;
    if (value === null) missing.push(`no ${name}: ${figure?.source ?? 'the agent did not measure it'}`);
    else if (value < wanted) low.push(`${name} is ${places[metric](value)}, wanted ${places[metric](wanted)}`);
  }
  const reasons = [...low, ...missing];
  return { passed: reasons.length === 0, mayImprove: missing.length === 0, reason: reasons.join('; ') };
}

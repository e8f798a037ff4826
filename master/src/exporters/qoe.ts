import { settingsOf } from '@ffrtmp/runtime/exporters';
import { type Figure, isEnergy, sumFigures } from '@ffrtmp/shared/energy/figure';
import { totalEnergy } from '@ffrtmp/shared/energy/total';
import type { Attempt } from '@ffrtmp/shared/job/attempt';
import type { Job } from '@ffrtmp/shared/job/job';
import { type MetricFacts, masterMetrics } from '@ffrtmp/shared/metrics';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { JobParts } from '../jobs/parts.ts';
import { jobBySeq } from '../jobs/store.ts';
import { viewAttempts, viewJob } from '../jobs/view.ts';

/** Comparisons that wait to be looked up; each takes six reads. A fleet ends a few a second at most. */
const WAITING_MAX = 200;

/** Heights people name, so that the label stays short whatever is cropped. */
const heights = [240, 360, 480, 720, 1080, 1440, 2160, 4320] as const;
/** The nearest of them that holds the picture. Pure. */
export const heightBucket = (height: number): string =>
  String(heights.find((one) => height <= one) ?? heights[heights.length - 1]);

type Picture = 'vmaf' | 'psnr' | 'ssim';

export interface Compared {
  codec: string;
  height: string;
  values: Readonly<Record<Picture, number | null>>;
  /** Width x height x frames of the encode. */
  pixels: number;
  /** Active energy of the encode. */
  energy: Figure | null;
}

/** What a job whose picture was compared says, or null where it does not say what it made. Pure. */
export function comparedOf(job: Pick<Job, 'encode'>, attempts: readonly Attempt[]): Compared | null {
  const kept = attempts.filter(({ state, cause }) => state === 'succeeded' && cause === null);
  const encodes = kept.filter(({ task_kind: kind }) => kind === 'transcode');
  const { width = 0, height = 0, frames = 0 } = encodes[0]?.metrics ?? {};
  if (height === 0) return null;
  const pictures = kept.filter(({ task_kind: kind }) => kind === 'quality').flatMap(({ figures }) => figures);
  const valueNamed = (name: Picture) => pictures.find((figure) => figure.name === name)?.value ?? null;
  const used = sumFigures(encodes.flatMap(({ figures }) => figures.filter(isEnergy)));
  return {
    ...{ codec: job.encode.codec, height: heightBucket(height), pixels: width * height * frames },
    values: { vmaf: valueNamed('vmaf'), psnr: valueNamed('psnr'), ssim: valueNamed('ssim') },
    energy: totalEnergy(used, 'energy_active'),
  };
}

/** The job and its attempts as they are now, or null where it was pruned meanwhile. */
export async function readCompared(parts: JobParts, seq: number): Promise<Compared | null> {
  const { read } = parts.db;
  const [row] = await read(jobBySeq, { seq });
  return row ? comparedOf(await viewJob(parts, read, row), await viewAttempts(parts, read, row)) : null;
}

export interface QoeCounters {
  /** A comparison of this job has ended; its job is looked up when there is time. */
  ended: (jobSeq: number) => void;
}

/** Counts the pictures of jobs that were compared. Their energy stays apart by scope and quality. */
export function countQoe(registry: Registry, read: (jobSeq: number) => Promise<Compared | null>): QoeCounters {
  const histogram = (facts: MetricFacts) =>
    new Histogram({ ...settingsOf(facts, registry), buckets: [...(facts.buckets ?? [])] });
  const histograms = {
    vmaf: histogram(masterMetrics.vmaf),
    psnr: histogram(masterMetrics.psnr),
    ssim: histogram(masterMetrics.ssim),
  };
  const efficiency = new Gauge(settingsOf(masterMetrics.qoeEfficiency, registry));
  const dropped = new Counter(settingsOf(masterMetrics.qoeDropped, registry));
  const sums = new Map<string, { pixels: number; joules: number }>();
  let waiting = 0;
  let work = Promise.resolve();

  function count({ codec, height, values, pixels, energy }: Compared): void {
    for (const name of ['vmaf', 'psnr', 'ssim'] as const) {
      const value = values[name];
      if (value !== null) histograms[name].observe({ codec, height }, value);
    }
    if (values.vmaf === null || energy === null || energy.value === null || energy.value <= 0) return;
    const labels = { codec, height, scope: [...energy.scope].sort().join(), quality: energy.quality };
    const key = Object.values(labels).join(' ');
    const sum = sums.get(key) ?? { pixels: 0, joules: 0 };
    sums.set(key, sum);
    sum.pixels += (pixels * values.vmaf) / 100;
    sum.joules += energy.value;
    efficiency.set(labels, sum.pixels / sum.joules);
  }

  return {
    ended(jobSeq) {
      if (waiting >= WAITING_MAX) return dropped.inc();
      waiting += 1;
      work = work
        .then(() => read(jobSeq))
        .then((compared) => {
          if (compared) count(compared);
        })
        // The store is away: a picture that is not counted is no reason to end the master.
        .catch(() => dropped.inc())
        .finally(() => {
          waiting -= 1;
        });
    },
  };
}

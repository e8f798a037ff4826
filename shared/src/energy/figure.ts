import { z } from 'zod';

/** What part of a machine a figure covers. Disjoint scopes of one quality add up; overlapping scopes never do. */
export const scopeSchema = z.enum(['cpu', 'dram', 'gpu', 'platform', 'wall']);
export type Scope = z.infer<typeof scopeSchema>;

/**
 * How a figure was obtained, best first: `measured` (sensor, attempt alone), `attributed` (sensor, shared by CPU time),
 * `calibrated` (own model fitted on this machine), `estimated` (published model), `none` (no value; `source` says why).
 */
export const qualities = ['measured', 'attributed', 'calibrated', 'estimated', 'none'] as const;
export const qualitySchema = z.enum(qualities);
export type Quality = z.infer<typeof qualitySchema>;

/**
 * `energy_active`: joules above the machine's idle draw caused by the work. `energy_full`: active plus the idle draw of
 * the share of the machine that the work reserved (ISO/IEC 21031 counts what is reserved). The rest are quality figures.
 */
export const figureNameSchema = z.enum(['energy_active', 'energy_full', 'psnr_y', 'psnr', 'ssim']);
export type FigureName = z.infer<typeof figureNameSchema>;

export const figureSchema = z
  .object({
    name: figureNameSchema,
    value: z.number().nullable().describe('null only with quality `none`: a missing sensor is never a silent 0'),
    unit: z.enum(['J', 'dB', 'ratio']),
    scope: z.array(scopeSchema).describe('empty for figures that are not energy'),
    method: z.string().max(64).describe('e.g. `rapl`, `spec-thread-median`, `ffmpeg-psnr`'),
    quality: qualitySchema,
    coverage: z.number().min(0).max(1).describe('measured time / attempt time'),
    low: z.number().nullable(),
    high: z.number().nullable(),
    source: z.string().max(400).describe('sensor, table or formula with its year, or why there is no value'),
  })
  .meta({ id: 'Figure' });
export type Figure = z.infer<typeof figureSchema>;

/** The weaker of two labels: a total carries the weakest label of its parts. */
export function weakest(a: Quality, b: Quality): Quality {
  return qualities.indexOf(a) >= qualities.indexOf(b) ? a : b;
}

const sameScope = (a: Figure, b: Figure) => [...a.scope].sort().join() === [...b.scope].sort().join();

/**
 * Adds figures of the same name, scope and quality into one each; everything else stays a list of its own, because
 * nothing is averaged or ranked across scopes or qualities. Bounds add, coverage is weighted by value.
 */
export function sumFigures(figures: readonly Figure[]): Figure[] {
  const sums: Figure[] = [];
  for (const figure of figures) {
    const sum = sums.find((s) => s.name === figure.name && s.quality === figure.quality && sameScope(s, figure));
    if (!sum) {
      sums.push({ ...figure, scope: [...figure.scope] });
      continue;
    }
    const total = (sum.value ?? 0) + (figure.value ?? 0);
    // Parts of nothing have no weight; the worse of them is all that can be said.
    sum.coverage =
      total > 0
        ? (sum.coverage * (sum.value ?? 0) + figure.coverage * (figure.value ?? 0)) / total
        : Math.min(sum.coverage, figure.coverage);
    sum.value = sum.value === null && figure.value === null ? null : total;
    sum.low = sum.low === null || figure.low === null ? null : sum.low + figure.low;
    sum.high = sum.high === null || figure.high === null ? null : sum.high + figure.high;
    if (sum.method !== figure.method) sum.method = 'mixed';
    if (sum.source !== figure.source) sum.source = `${sum.source}; ${figure.source}`.slice(0, 400);
  }
  return sums;
}

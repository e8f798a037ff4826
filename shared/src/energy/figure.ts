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
 * the share of the machine that the work reserved (ISO/IEC 21031 counts what is reserved). `cost_*` and `carbon_*` are
 * what that energy and the node's time came to when the attempt ended; `cost` and `carbon` are their sums and stand in
 * totals alone. The rest are figures of the picture.
 */
export const figureNames = [
  ...['energy_active', 'energy_full'],
  ...['cost_energy', 'cost_node', 'cost'],
  ...['carbon_operational', 'carbon_embodied', 'carbon'],
  ...['psnr_y', 'psnr', 'ssim', 'vmaf'],
] as const;
export const figureNameSchema = z.enum(figureNames);
export type FigureName = z.infer<typeof figureNameSchema>;

/** What stands behind a figure of the picture: one value for each frame that was compared, in the figure's unit. */
export const frameStatisticsSchema = z
  .object({
    count: z.int().min(1).describe('frames compared'),
    of: z.int().min(1).describe('frames of the film'),
    mean: z.number().describe('of the frames’ own values; `value` of a PSNR pools the squared errors first'),
    harmonic_mean: z.number().describe('n / sum(1 / (1 + x)) - 1, as libvmaf has it: bad frames weigh more'),
    p5: z.number().describe('5 % of the frames are no better (nearest rank)'),
    worst: z.number(),
    worst_frame: z.int().min(0).describe('its number in the film, from 0'),
    interval: z.int().min(1).describe('1: every frame; n: every n-th'),
  })
  .meta({ id: 'FrameStatistics' });
export type FrameStatistics = z.infer<typeof frameStatisticsSchema>;

export const figureSchema = z
  .object({
    name: figureNameSchema,
    value: z.number().nullable().describe('null only with quality `none`: a missing sensor is never a silent 0'),
    unit: z
      .string()
      .regex(/^(?:J|dB|ratio|points|gCO2e|[A-Z]{3})$/)
      .describe('`J`, `gCO2e`, a currency (ISO 4217), `dB`, `ratio`, or `points` of VMAF'),
    scope: z.array(scopeSchema).describe('empty for figures that are not energy'),
    method: z.string().max(64).describe('e.g. `rapl`, `spec-thread-median`, `ffmpeg-psnr`'),
    quality: qualitySchema,
    coverage: z
      .number()
      .min(0)
      .max(1)
      .describe('measured time / attempt time; of the picture: frames compared / frames'),
    low: z.number().nullable(),
    high: z.number().nullable(),
    source: z.string().max(400).describe('sensor, table or formula with its year, or why there is no value'),
    frames: frameStatisticsSchema.nullish().describe('of the picture only'),
  })
  .meta({ id: 'Figure' });
export type Figure = z.infer<typeof figureSchema>;

export const isEnergy = (figure: Figure) => figure.unit === 'J';
export const isCost = ({ name }: Figure) => name.startsWith('cost');
export const isCarbon = ({ name }: Figure) => name.startsWith('carbon');

/** The weaker of two labels: a total carries the weakest label of its parts. */
export function weakest(a: Quality, b: Quality): Quality {
  return qualities.indexOf(a) >= qualities.indexOf(b) ? a : b;
}

const kindOf = ({ name, quality, unit, scope }: Figure) => [name, quality, unit, [...scope].sort().join()].join('/');

/**
 * Adds figures of the same name, scope, unit and quality into one each; everything else stays a list of its own, because
 * nothing is averaged or ranked across scopes or qualities. Bounds add, coverage is weighted by value.
 */
export function sumFigures(figures: readonly Figure[]): Figure[] {
  const sums = new Map<string, Figure>();
  for (const figure of figures) {
    const kind = kindOf(figure);
    const sum = sums.get(kind);
    if (!sum) {
      sums.set(kind, { ...figure, scope: [...figure.scope] });
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
    sum.source = bothSources(sum.source, figure.source);
  }
  return [...sums.values()];
}

/** Each source once, as far as they fit. */
export const bothSources = (a: string, b: string) => (a.includes(b) ? a : `${a}; ${b}`.slice(0, 400));

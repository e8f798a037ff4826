import { z } from 'zod';
import { resultMetricsSchema } from '../job/attempt.ts';
import { attemptStates } from '../job/state.ts';
import { artifactRoleSchema, taskKindSchema } from '../job/task.ts';
import { type Figure, figureSchema, isCarbon, isCost, isEnergy, qualitySchema, sumFigures } from './figure.ts';
import { scoreSchema } from './score.ts';
import { coverOf } from './total.ts';

/** Why an attempt's work is not part of the result: its failure class, or the cause of an attempt that was ended. */
const cause = z
  .string()
  .describe('a failure class (`input`, `resource`, `lost`, ...) or `canceled`, `paused`, `drained`');

const line = z.object({
  attempt_id: z.string(),
  task_kind: taskKindSchema,
  attempt: z.int(),
  node_id: z.string(),
  node_name: z.string().nullable(),
  state: z.enum(attemptStates),
  waste: z.boolean().describe('this attempt’s work is not part of the result'),
  cause: cause.nullable().describe('why it is waste'),
  seconds: z.number().nullable(),
  metrics: resultMetricsSchema.nullable(),
  figures: z.array(figureSchema),
});
export type ReceiptLine = z.infer<typeof line>;

const perKind = 'one figure a name, scope, unit and quality';

/** Money or carbon: the figures that there are, and why there are no more. */
export const pricedSchema = z
  .object({
    figures: z.array(figureSchema).describe(`of every attempt, waste included; ${perKind}`),
    reason: z
      .string()
      .nullable()
      .describe('why there is no figure, or not one of every attempt; null: nothing is missing'),
  })
  .meta({ id: 'Priced' });
export type Priced = z.infer<typeof pricedSchema>;

/** What came to nothing, by cause. */
export const wasteSchema = z
  .object({
    cause,
    attempts: z.int(),
    seconds: z.number(),
    energy: z.array(figureSchema),
    cost: z.array(figureSchema),
    carbon: z.array(figureSchema),
  })
  .meta({ id: 'Waste' });
export type Waste = z.infer<typeof wasteSchema>;

/** Software carbon intensity, ISO/IEC 21031:2024: (E x I + M) / R, each of its variables beside it. */
export const sciSchema = z
  .object({
    value: z.number().nullable().describe('gCO2e a minute of output; null with `reason`'),
    low: z.number().nullable(),
    high: z.number().nullable(),
    quality: qualitySchema.describe('the weakest label of its parts'),
    energy_kwh: z.number().nullable().describe('E: `energy_full` of every attempt, at the machines'),
    intensity_g_per_kwh: z
      .number()
      .nullable()
      .describe('I x PUE: grams of operational carbon a kWh at the machines, as it came out over the attempts'),
    operational_g: z.number().nullable().describe('E x I, PUE included'),
    embodied_g: z.number().nullable().describe('M: the machines’ making, by time and reserved threads'),
    output_minutes: z.number().nullable().describe('R: minutes of finished output'),
    sources: z.array(z.string()).describe('where I, PUE and M come from, with their years'),
    reason: z.string().nullable().describe('why there is no value'),
  })
  .meta({ id: 'SoftwareCarbonIntensity' });
export type Sci = z.infer<typeof sciSchema>;

export const totalsSchema = z
  .array(figureSchema)
  .describe(
    'one figure a name and unit over every attempt, waste included: disjoint scopes added, the weakest label, `coverage` by time; `cost` and `carbon` add up their two parts',
  );

/** What a job used, attempt by attempt; the sums are over the lines, so that the parts always add up. */
export const receiptSchema = z
  .object({
    job_id: z.string(),
    sequence_number: z.int(),
    name: z.string().nullable(),
    status: z.string(),
    complete: z.boolean().describe('false until every task of the job has ended'),
    lines: z.array(line),
    energy: z.array(figureSchema).describe(`transcode attempts that made the result; ${perKind}`),
    energy_quality: z.array(figureSchema).describe('of the quality tasks: off the encode’s energy window'),
    energy_waste: z.array(figureSchema).describe('of attempts that failed, were lost or canceled'),
    quality: z.array(figureSchema).describe('of the picture'),
    joules_per_megapixel_frame: z.number().nullable().describe('active joules / (width x height x frames / 1e6)'),
    scores: z.array(scoreSchema).default([]).describe('of the result, once every task has ended'),
    coverage_ok: z
      .boolean()
      .nullable()
      .describe('is the energy coverage at least the job’s `confidence`; null for `auto`'),
    cost: pricedSchema.describe(
      '`cost_energy` and `cost_node`; without a tariff no figure, never 0 or an invented price',
    ),
    carbon: pricedSchema.describe('`carbon_operational` and `carbon_embodied`, in gCO2e'),
    sci: sciSchema,
    waste: z.array(wasteSchema).describe('what of all this came to nothing, by cause'),
    totals: totalsSchema,
    outputs: z.array(
      z.object({ role: artifactRoleSchema, name: z.string().nullable(), sha256: z.string(), bytes: z.int() }),
    ),
  })
  .meta({ id: 'Receipt' });
export type Receipt = z.infer<typeof receiptSchema>;

const figuresOf = (lines: readonly ReceiptLine[], keep: (figure: Figure) => boolean) =>
  sumFigures(lines.flatMap((l) => l.figures.filter(keep)));

/** Sorts the figures of all attempts into the sums of a receipt. Pure. */
export function sumLines(lines: readonly ReceiptLine[]) {
  const energyOf = (keep: (line: ReceiptLine) => boolean) => figuresOf(lines.filter(keep), isEnergy);
  const ofPicture = (figure: Figure) => !isEnergy(figure) && !isCost(figure) && !isCarbon(figure);
  return {
    energy: energyOf((l) => !l.waste && l.task_kind === 'transcode'),
    energy_quality: energyOf((l) => !l.waste && l.task_kind === 'quality'),
    energy_waste: energyOf((l) => l.waste),
    quality: lines.filter((l) => !l.waste).flatMap((l) => l.figures.filter(ofPicture)),
  };
}

/** Active joules per megapixel-frame of the lines that made the result, or null where either part is unknown. */
export function joulesPerMegapixelFrame(lines: readonly ReceiptLine[]): number | null {
  const kept = lines.filter((l) => !l.waste && l.task_kind === 'transcode');
  let megapixels = 0;
  for (const { metrics } of kept)
    megapixels += ((metrics?.width ?? 0) * (metrics?.height ?? 0) * (metrics?.frames ?? 0)) / 1e6;
  const covers = kept.map((l) => coverOf(l.figures, 'energy_active'));
  const kinds = new Set(covers.map(kindOfCover));
  // Parts of unlike scope or label have no common sum, and one without a figure would make it too small.
  if (kinds.size !== 1 || kinds.has(null) || megapixels === 0) return null;
  return covers.flat().reduce((sum, { value }) => sum + value, 0) / megapixels;
}

/** Scope and label of an attempt's energy; null where it has none or several labels. */
function kindOfCover(cover: readonly Figure[]): string | null {
  const labels = new Set(cover.map(({ quality }) => quality));
  const scopes = cover.flatMap(({ scope }) => scope);
  return labels.size === 1 ? [...labels, ...scopes.sort()].join() : null;
}

import { z } from 'zod';
import { resultMetricsSchema } from '../job/attempt.ts';
import { attemptStates } from '../job/state.ts';
import { artifactRoleSchema, taskKindSchema } from '../job/task.ts';
import { type Figure, figureSchema, sumFigures } from './figure.ts';

const line = z.object({
  attempt_id: z.string(),
  task_kind: taskKindSchema,
  attempt: z.int(),
  node_id: z.string(),
  node_name: z.string().nullable(),
  state: z.enum(attemptStates),
  waste: z.boolean().describe('this attempt’s work is not part of the result'),
  seconds: z.number().nullable(),
  metrics: resultMetricsSchema.nullable(),
  figures: z.array(figureSchema),
});
export type ReceiptLine = z.infer<typeof line>;

/** What a job used, attempt by attempt; the sums are over the lines, so that the parts always add up. */
export const receiptSchema = z
  .object({
    job_id: z.string(),
    sequence_number: z.int(),
    name: z.string().nullable(),
    status: z.string(),
    complete: z.boolean().describe('false until every task of the job has ended'),
    lines: z.array(line),
    energy: z
      .array(figureSchema)
      .describe('transcode attempts that made the result; one figure a name, scope and quality'),
    energy_quality: z.array(figureSchema).describe('of the quality tasks: off the encode’s energy window'),
    energy_waste: z.array(figureSchema).describe('of attempts that failed, were lost or canceled'),
    quality: z.array(figureSchema).describe('of the picture'),
    joules_per_megapixel_frame: z.number().nullable().describe('active joules / (width x height x frames / 1e6)'),
    coverage_ok: z
      .boolean()
      .nullable()
      .describe('is the energy coverage at least the job’s `confidence`; null for `auto`'),
    cost: z.null().describe('no tariff is configured: cost is none, never 0 and never an invented price'),
    outputs: z.array(
      z.object({ role: artifactRoleSchema, name: z.string().nullable(), sha256: z.string(), bytes: z.int() }),
    ),
  })
  .meta({ id: 'Receipt' });
export type Receipt = z.infer<typeof receiptSchema>;

const isEnergy = (figure: Figure) => figure.unit === 'J';

/** Sorts the figures of all attempts into the sums of a receipt. Pure. */
export function sumLines(lines: readonly ReceiptLine[]) {
  const energyOf = (keep: (line: ReceiptLine) => boolean) =>
    sumFigures(lines.filter(keep).flatMap((l) => l.figures.filter(isEnergy)));
  return {
    energy: energyOf((l) => !l.waste && l.task_kind === 'transcode'),
    energy_quality: energyOf((l) => !l.waste && l.task_kind === 'quality'),
    energy_waste: energyOf((l) => l.waste),
    quality: lines.filter((l) => !l.waste).flatMap((l) => l.figures.filter((figure) => !isEnergy(figure))),
  };
}

/** Active joules per megapixel-frame of the lines that made the result, or null where either part is unknown. */
export function joulesPerMegapixelFrame(lines: readonly ReceiptLine[]): number | null {
  const kept = lines.filter((l) => !l.waste && l.task_kind === 'transcode');
  let megapixels = 0;
  for (const { metrics } of kept)
    megapixels += ((metrics?.width ?? 0) * (metrics?.height ?? 0) * (metrics?.frames ?? 0)) / 1e6;
  const active = sumFigures(kept.flatMap((l) => l.figures)).filter((figure) => figure.name === 'energy_active');
  const joules = active.length === 1 ? (active[0]?.value ?? null) : null;
  return joules === null || megapixels === 0 ? null : joules / megapixels;
}

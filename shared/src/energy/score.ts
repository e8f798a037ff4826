import { z } from 'zod';
import { qualitySchema, scopeSchema } from './figure.ts';

/** The scores of the seeds; what each divides by what stands in its unit. */
export const scoreUnits = {
  throughput_per_watt: 'Mbit/s/W',
  pixels_per_joule: 'pixels/J',
  quality_per_watt: 'points/W',
  qoe_efficiency: 'pixels/J',
} as const;
export const scoreNames = Object.keys(scoreUnits) as (keyof typeof scoreUnits)[];
export type ScoreName = (typeof scoreNames)[number];

export const scoreSchema = z
  .object({
    name: z.enum(scoreNames),
    value: z.number().nullable().describe('more is better; null with `reason`'),
    unit: z.enum(scoreUnits),
    low: z.number().nullable().describe('with the most energy that it may have been'),
    high: z.number().nullable().describe('with the least; null where that is 0'),
    scope: z.array(scopeSchema).describe('of its energy: scores of different scopes or qualities are never ranked'),
    quality: qualitySchema.describe('of its energy'),
    chosen: z
      .boolean()
      .describe('the one to look at: quality where it was measured, else pixels of a ladder, else throughput'),
    reason: z.string().nullable().describe('why there is no value'),
  })
  .meta({ id: 'Score' });
export type Score = z.infer<typeof scoreSchema>;

import { z } from 'zod';
import { scopeSchema } from './figure.ts';

const watts = z.number().positive().max(1e6);
/** Busy share of all threads; ticks may show a little more than there was. */
const busy = z.number().min(0).max(1.05);

/** What `ffrtmp calibrate` writes: the draw of one kind of machine at some loads, and how wrong it was at others. */
export const profileSchema = z.object({
  version: z.literal(1),
  made_at: z.iso.datetime(),
  cpu_model: z.string().max(200),
  threads: z.int().min(1).max(4096),
  reference: z.object({ method: z.string().max(64), scope: z.array(scopeSchema).min(1), detail: z.string().max(400) }),
  points: z.array(z.object({ busy, watts })).min(2).max(16),
  checks: z
    .array(z.object({ busy, watts, predicted_w: watts }))
    .max(16)
    .describe('loads that the points were not made from'),
  mean_error: z.number().min(0).nullable().describe('mean share by which the checks were missed'),
  half_width: z.number().min(0).max(2).describe('bounds of its figures, as a share of the value'),
});
export type Profile = z.infer<typeof profileSchema>;

import { z } from 'zod';

/** One thing that `ffrtmp doctor` looked at. */
export const checkSchema = z.object({
  name: z.string().max(64).describe('e.g. `power`, `idle draw`, `disk`'),
  status: z.enum(['ok', 'note', 'warning', 'problem']).describe('problem: the agent cannot do its work like this'),
  cause: z.string().max(64).nullable().describe('of a warning or a problem, e.g. `permission`, `container-mask`'),
  text: z.string().max(1000),
  fix: z.string().max(1000).nullable().describe('what to do about it'),
});
export type Check = z.infer<typeof checkSchema>;

/** What `bin/agent doctor` prints. */
export const diagnosisSchema = z.object({
  version: z.string(),
  status: checkSchema.shape.status.describe('the worst of all checks'),
  checks: z.array(checkSchema),
});
export type Diagnosis = z.infer<typeof diagnosisSchema>;

const order = checkSchema.shape.status.options;

/** The worst status among the checks. Pure. */
export const worstOf = (checks: readonly Check[]): Check['status'] =>
  order[Math.max(0, ...checks.map(({ status }) => order.indexOf(status)))] ?? 'ok';

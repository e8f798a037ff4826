import { z } from 'zod';
import { figureSchema } from '../energy/figure.ts';
import { pricedSchema, sciSchema, totalsSchema, wasteSchema } from '../energy/receipt.ts';
import { operation } from './operation.ts';
import { pageQuery } from './parts.ts';

export const receiptGroups = ['day', 'node', 'profile', 'label', 'tenant'] as const;
export type ReceiptGroup = (typeof receiptGroups)[number];

/** The longest period of one call, days: what is still there is added up row by row. */
export const MAX_PERIOD_DAYS = 400;
/** Without `since`: this many days before `until`. */
export const DEFAULT_PERIOD_DAYS = 30;

/** What the attempts of one kind used. */
const workSchema = z.object({
  attempts: z.int(),
  seconds: z.number().describe('from the start to the end of the attempts'),
  output_seconds: z.number().describe('length of the outputs'),
  input_bytes: z.number(),
  output_bytes: z.number(),
  energy: z.array(figureSchema),
  cost: z.array(figureSchema),
  carbon: z.array(figureSchema),
});
export type ReceiptWork = z.infer<typeof workSchema>;

export const receiptRowSchema = z
  .object({
    key: z.string().describe('a day, node id, profile, `name=value` or tenant id; empty: of none'),
    name: z.string().nullable().describe('of a node'),
    jobs: z.object({ completed: z.int(), failed: z.int(), canceled: z.int() }),
    encode: workSchema.describe('transcode attempts that made results'),
    quality: workSchema.describe('comparisons with the source'),
    waste: z.array(wasteSchema).describe('what came to nothing, by cause'),
    cost: pricedSchema,
    carbon: pricedSchema,
    sci: sciSchema,
    totals: totalsSchema,
  })
  .meta({ id: 'ReceiptRow' });
export type ReceiptRow = z.infer<typeof receiptRowSchema>;

const day = z.iso.date({ error: 'must be a day, as 2026-11-20' });

export const receiptOperations = {
  period: operation({
    id: 'listReceipts',
    method: 'GET',
    path: '/receipts',
    access: 'read',
    summary: 'What the tenant’s work used in a period, by day, node, profile, label or tenant',
    description:
      'Days are of UTC. A job counts on the day of its end, an attempt on the day of its own. A profile is encoder, preset and frame size, as `libx264/medium/720p`. Rows by day, node, profile and tenant add up to `total`; by label they do not, for a job has any number of labels.',
    query: z.strictObject({
      by: z.enum(receiptGroups).default('day'),
      label: z.string().min(1).max(63).optional().describe('with by=label: only labels of this name'),
      since: day.optional().describe(`first day; default ${DEFAULT_PERIOD_DAYS} days before \`until\``),
      until: day.optional().describe('first day that no longer counts; default tomorrow'),
      limit: pageQuery.limit,
      cursor: z.string().max(400).optional().describe('`next_cursor` of the page before'),
    }),
    replies: {
      200: z.object({
        by: z.enum(receiptGroups),
        since: z.string(),
        until: z.string(),
        complete: z.boolean().describe('false while the period is not over'),
        rows: z.array(receiptRowSchema).describe('in the order of their keys'),
        total: receiptRowSchema.describe('of the whole period, whatever page this is; its key is the tenant’s id'),
        next_cursor: z.string().nullable(),
      }),
    },
  }),
};

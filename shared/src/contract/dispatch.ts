import { z } from 'zod';
import { figureSchema } from '../energy/figure.ts';
import { attemptSchema, environmentSchema, leaseSchema, resultMetricsSchema } from '../job/attempt.ts';
import { freeValueSchema } from '../job/free-value.ts';
import { jobSchema, progressSchema, uuidSchema } from '../job/job.ts';
import { failureClassSchema } from '../job/outcome.ts';
import { artifactSchema, taskSchema } from '../job/task.ts';
import { orderSchema } from './nodes.ts';
import { operation } from './operation.ts';
import { attemptParams } from './parts.ts';

/** A parked claim is answered empty after this; longer would meet the idle limits of proxies. */
export const MAX_WAIT_S = 60;
/** Tasks one claim may bring. An agent with more free slots asks again at once. */
export const MAX_CLAIM_SLOTS = 64;
/** Attempts an agent may hold: their ids travel in a claim's address, which every server takes up to 16 KiB. */
export const MAX_HELD = 256;
/** Largest log chunk in one call. */
export const MAX_LOG_CHUNK_BYTES = 256 * 1024;

export const claimedSchema = z.object({ job: jobSchema, task: taskSchema, lease: leaseSchema }).meta({ id: 'Claimed' });
export type Claimed = z.infer<typeof claimedSchema>;

const fence = { node_id: uuidSchema, token: z.string().max(64).describe('the lease token') };

/** The seeds' result with the lease token: everything an attempt has to say at its end. */
export const resultSchema = z
  .object({
    job_id: uuidSchema,
    node_id: uuidSchema,
    attempt_id: uuidSchema,
    token: z.string().max(64),
    status: z.enum(['completed', 'failed', 'canceled']),
    metrics: resultMetricsSchema.default({}),
    analyzer_output: freeValueSchema.optional().describe('stored and returned as given'),
    logs: z.string().max(1_000_000).optional().describe('used only when no log chunk was sent before'),
    error: z.string().max(4000).nullish(),
    failure_class: failureClassSchema.nullish(),
    cause: z.enum(['canceled', 'paused', 'shutdown', 'stale']).nullish(),
    figures: z.array(figureSchema).max(64).default([]),
    environment: environmentSchema.nullish(),
    artifacts: z
      .array(artifactSchema)
      .max(64)
      .refine((files) => new Set(files.map(({ role, index }) => `${role}/${index}`)).size === files.length, {
        error: 'two files of the same role have the same index',
      })
      .default([])
      .describe('bytes that already lie on the master'),
    completed_at: z.string().max(64).optional(),
  })
  .meta({ id: 'Result' });
export type Result = z.infer<typeof resultSchema>;
export type ResultInput = z.input<typeof resultSchema>;

export const dispatchOperations = {
  claim: operation({
    id: 'claim',
    method: 'GET',
    path: '/jobs/next',
    access: 'node',
    summary: 'Claim work; with `wait` the call is parked until there is some',
    description:
      'Repeating a `claim_id` returns the same leases. Leases of this node that are not in `held` are released at once: a lost reply costs nothing. `job` is the first of `jobs` or null, for the simplest of clients.',
    query: z.object({
      node_id: uuidSchema,
      wait: z.coerce.number().min(0).max(MAX_WAIT_S).default(0),
      slots: z.coerce.number().int().min(0).max(MAX_CLAIM_SLOTS).default(1).describe('0: only wait for orders'),
      claim_id: uuidSchema.optional().describe('of version 7: the id of a later claim is greater'),
      held: z
        .string()
        .toLowerCase()
        .max(MAX_HELD * 37)
        .optional()
        .describe('ids of the attempts the agent holds, comma-separated; sent with claim_id'),
    }),
    replies: {
      200: z.object({
        jobs: z.array(claimedSchema),
        job: jobSchema.nullable(),
        orders: z.array(orderSchema),
        drain: z.boolean(),
      }),
    },
    errors: ['not_found'],
  }),
  getAttempt: operation({
    id: 'getAttempt',
    method: 'GET',
    path: '/attempts/{id}',
    access: 'read',
    summary: 'One attempt',
    params: attemptParams,
    replies: { 200: attemptSchema },
    errors: ['not_found'],
  }),
  progress: operation({
    id: 'reportProgress',
    method: 'POST',
    path: '/attempts/{id}/progress',
    access: 'node',
    summary: 'Report state and progress of a running attempt; renews its lease',
    params: attemptParams,
    body: z.object({ ...fence, state: z.enum(['running', 'publishing']), progress: progressSchema.nullish() }),
    replies: { 200: z.object({ orders: z.array(orderSchema) }) },
    errors: ['not_found', 'stale_attempt'],
  }),
  logs: operation({
    id: 'appendLog',
    method: 'POST',
    path: '/attempts/{id}/logs',
    access: 'node',
    summary: 'Append a chunk of an attempt’s log at a byte offset',
    description: 'Repeating a chunk changes nothing; a gap is answered 409 with the offset the master expects.',
    params: attemptParams,
    body: z.object({ ...fence, offset: z.int().min(0), chunk: z.string().max(MAX_LOG_CHUNK_BYTES) }),
    replies: { 200: z.object({ next_offset: z.int() }) },
    errors: ['not_found', 'stale_attempt', 'log_gap'],
  }),
  result: operation({
    id: 'postResult',
    method: 'POST',
    path: '/results',
    access: 'node',
    summary: 'The end of an attempt; the same result again is answered 200, a stale attempt 409',
    body: resultSchema,
    replies: { 200: z.object({ status: z.enum(['accepted', 'repeated']), job_status: z.string() }) },
    errors: ['not_found', 'stale_attempt', 'conflict'],
  }),
};

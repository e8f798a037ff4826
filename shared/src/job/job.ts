import { z } from 'zod';
import { figureSchema } from '../energy/figure.ts';
import { encodeSchema, generatedInputSchema } from '../media/encoding.ts';
import { jobFailureClassSchema } from './outcome.ts';
import { parametersSchema } from './parameters.ts';
import { DEFAULT_POOL, nodeSelectorSchema, poolSchema, resourcesSchema } from './resources.ts';
import { jobStates } from './state.ts';

export const queues = ['live', 'default', 'batch'] as const;
export const queueSchema = z.enum(queues);
export type Queue = z.infer<typeof queueSchema>;
export const priorities = ['high', 'medium', 'low'] as const;
export const prioritySchema = z.enum(priorities);
export type Priority = z.infer<typeof prioritySchema>;

const queueWeights: Record<Queue, number> = { live: 10, default: 5, batch: 1 };
const priorityWeights: Record<Priority, number> = { high: 3, medium: 2, low: 1 };

/** The seeds' weight, shown on every job: 10/5/1 by queue times 3/2/1 by priority. */
export const weightOf = (queue: Queue, priority: Priority) => queueWeights[queue] * priorityWeights[priority];

/** Strict order as one integer, lower first: queue, then priority. FIFO within. */
export const rankOf = (queue: Queue, priority: Priority) =>
  queues.indexOf(queue) * priorities.length + priorities.indexOf(priority);

export const queueOrders = ['strict', 'weighted'] as const;
export type QueueOrder = (typeof queueOrders)[number];

export const sha256Schema = z.string().regex(/^[0-9a-f]{64}$/, { error: 'must be 64 lower-case hexadecimal digits' });
/** Either case comes in, lower case goes on: an id has one text everywhere behind the border. */
export const uuidSchema = z
  .string()
  .toLowerCase()
  .regex(/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/, { error: 'must be a UUID' });
export const timestampSchema = z.iso.datetime({
  offset: true,
  error: 'must be an ISO 8601 time with a zone, e.g. 2026-11-20T18:00:00Z',
});

/** File systems allow 255 bytes, and an unfinished download carries an ending of its own. */
const MAX_NAME_BYTES = 200;
const utf8 = new TextEncoder();
const fitsName = (name: string) => utf8.encode(name).length <= MAX_NAME_BYTES;

/** `name` with `ending`, shortened by whole characters until a file system takes it. */
export function shortName(name: string, ending: string): string {
  const characters = [...name.slice(0, MAX_NAME_BYTES)];
  while (!fitsName(characters.join('') + ending)) characters.pop();
  return characters.join('') + ending;
}

/** A file name without a folder: what an output may be called. */
export const fileNameSchema = z
  .string()
  .refine(fitsName, { error: `must be at most ${MAX_NAME_BYTES} bytes long` })
  .regex(/^[^/\\\p{Cc}.][^/\\\p{Cc}]*$/u, {
    error: 'must be a plain file name without a folder and without a leading dot',
  });

export const inputSchema = z.strictObject({
  sha256: sha256Schema.describe('digest of a file uploaded before'),
  name: fileNameSchema.optional().describe('its name, for people'),
});
export const outputSchema = z.strictObject({
  name: fileNameSchema.describe('what the result is called; the container gives the ending'),
});

export const metrics = ['psnr', 'ssim', 'vmaf'] as const;
export const metricSchema = z.enum(metrics);
export type Metric = z.infer<typeof metricSchema>;

export const qualityMinSchema = z.strictObject({
  psnr: z.number().positive().max(99).optional().describe('dB over all planes, as the receipt shows it'),
  ssim: z.number().positive().max(1).optional().describe('over all planes, 1 for equal pictures'),
  vmaf: z
    .number()
    .positive()
    .max(100)
    .optional()
    .describe('points; only a node that measures VMAF may judge the result then'),
});

export const qualityRequestSchema = z.strictObject({
  metrics: z
    .array(metricSchema)
    .min(1)
    .max(metrics.length)
    .default([...metrics])
    .describe('vmaf is measured where the node has libvmaf; elsewhere its line says why there is none'),
  sample: z
    .union([z.literal('auto'), z.int().min(1).max(1000)])
    .default('auto')
    .describe('compare every n-th frame; auto: every one up to 10 minutes of film, then about as many'),
  min: qualityMinSchema
    .optional()
    .describe('the result counts only if it is at least this good; below, it is encoded once more at higher quality'),
  on: z
    .enum(['film', 'p5', 'worst'])
    .default('film')
    .describe('what `min` is held against: the figure of the film, its 5th percentile of frames, or its worst frame'),
  once: z.boolean().default(false).describe('a result below `min` fails the job at once'),
});

export const limitsSchema = z.strictObject({
  timeout_sec: z.int().min(1).max(604_800).optional().describe('an attempt that runs longer is ended and fails'),
  max_disk_mb: z
    .int()
    .min(1)
    .optional()
    .describe('an attempt whose job directory grows beyond this is ended and fails'),
});

export type JobLimits = z.infer<typeof limitsSchema>;

/** What a person submits. Unknown fields are refused and the nearest known name is suggested. */
export const jobRequestSchema = z
  .strictObject({
    name: z.string().max(200).optional().describe('what people call the job'),
    external_id: z.string().max(200).optional().describe('the submitter’s own name for this work; stored and returned'),
    scenario: z.string().max(200).default('').describe('e.g. `1080p30-h264-veryfast`; see the scenario grammar'),
    confidence: z
      .union([z.literal('auto'), z.number().min(0).max(1)])
      .default('auto')
      .describe('wanted coverage of the energy figure; below it the receipt is flagged'),
    engine: z.enum(['auto', 'ffmpeg']).default('auto').describe('which program encodes'),
    queue: queueSchema.default('default').describe('live goes first, then default, then batch'),
    priority: prioritySchema.default('medium').describe('order within the queue'),
    parameters: parametersSchema.default({}),
    input: inputSchema.optional().describe('without it the agent generates a test film'),
    outputs: z.array(outputSchema).min(1).max(1).optional(),
    limits: limitsSchema.optional(),
    resources: resourcesSchema.optional().describe('what one attempt is to have for itself on its node'),
    pool: poolSchema.default(DEFAULT_POOL).describe('only nodes of this pool run the job'),
    node_selector: nodeSelectorSchema.default({}).describe('labels a node must carry to run the job'),
    require_capable: z
      .boolean()
      .default(false)
      .describe('refuse the job when no registered node could run it, instead of letting it wait'),
    deadline: timestampSchema.optional().describe('when it should be done: shown, with `overdue` once it has passed'),
    quality: qualityRequestSchema
      .optional()
      .describe('asks for a second task that compares the result with its source'),
    classification: z
      .enum(['production', 'test', 'benchmark', 'debug'])
      .default('production')
      .describe('what the job is for'),
    labels: z.record(z.string().regex(/^[a-z0-9][a-z0-9_.-]{0,62}$/), z.string().max(255)).default({}),
    max_retries: z.int().min(0).max(20).optional().describe('default: the master’s --max-retries, 3'),
    not_before: timestampSchema.optional().describe('no attempt starts before this time'),
  })
  .meta({ id: 'JobRequest' });
export type JobRequest = z.infer<typeof jobRequestSchema>;
export type JobRequestInput = z.input<typeof jobRequestSchema>;

export const progressSchema = z
  .object({
    percent: z.number().min(0).max(100).nullable().describe('null where the length is unknown'),
    phase: z.string().max(32).describe('fetch, generate, encode, compare, upload'),
    fps: z.number().nullable(),
    speed: z.number().nullable().describe('media seconds per second'),
    eta_s: z.number().nullable(),
    frames: z.int().nullable(),
    energy: z.array(figureSchema).max(16).describe('so far'),
  })
  .meta({ id: 'Progress' });
export type Progress = z.infer<typeof progressSchema>;

/** Why a job is not running: a code for programs and one sentence for people. */
export const whySchema = z
  .object({
    reason: z.enum([
      'paused',
      'queue_paused',
      'queue_full',
      'not_before',
      'no_node',
      'no_encoder',
      'no_capable_node',
      'no_free_resources',
      'reserved',
      'turn',
      'retry_delay',
      'needs',
      'running',
      'ended',
      'ready',
    ]),
    message: z.string(),
    details: z.record(z.string(), z.unknown()).default({}),
  })
  .meta({ id: 'Why' });
export type Why = z.infer<typeof whySchema>;

export const jobSchema = z
  .object({
    id: uuidSchema,
    sequence_number: z.int(),
    tenant_id: z.string(),
    name: z.string().nullable(),
    external_id: z.string().nullish().describe('absent on jobs of older masters'),
    scenario: z.string(),
    confidence: z.union([z.literal('auto'), z.number()]),
    engine: z.string(),
    queue: queueSchema,
    priority: prioritySchema,
    weight: z.number(),
    parameters: z.record(z.string(), z.unknown()),
    encode: encodeSchema,
    input: z.object({ sha256: sha256Schema, name: z.string().nullish(), bytes: z.int() }).nullable(),
    generate: generatedInputSchema.nullable(),
    outputs: z.array(
      z.object({
        name: z.string(),
        sha256: sha256Schema.nullable().describe('set once the result is published; fetch it from /files/{sha256}'),
        bytes: z.int().nullable(),
        pruned_at: z.string().nullish().describe('since then the file is gone, by age or for space'),
      }),
    ),
    limits: limitsSchema.nullable(),
    resources: resourcesSchema.nullish(),
    pool: z.string().nullish(),
    node_selector: z.record(z.string(), z.string()).nullish(),
    deadline: z.string().nullish(),
    overdue: z.boolean().nullish().describe('its deadline has passed and it has not ended, or ended later'),
    quality: z.object(qualityRequestSchema.shape).nullable(),
    classification: z.string(),
    labels: z.record(z.string(), z.string()),
    status: z.enum(jobStates),
    progress: progressSchema.nullable(),
    retry_count: z.int(),
    max_retries: z.int(),
    not_before: z.string().nullable(),
    error: z.string().nullable(),
    failure_class: jobFailureClassSchema.nullable(),
    quarantined: z.boolean(),
    warnings: z.array(z.string()),
    traceparent: z.string().nullable(),
    node_id: z.string().nullable().describe('the node of the latest attempt'),
    node_name: z.string().nullable(),
    created_at: z.string(),
    started_at: z.string().nullable(),
    completed_at: z.string().nullable(),
    why: whySchema.nullish().describe('on GET /jobs/{id} of a job that has not ended'),
  })
  .meta({ id: 'Job' });
export type Job = z.infer<typeof jobSchema>;

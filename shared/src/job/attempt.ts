import { z } from 'zod';
import { figureSchema } from '../energy/figure.ts';
import { freeValueSchema } from './free-value.ts';
import { uuidSchema } from './job.ts';
import { failureClassSchema } from './outcome.ts';
import { attemptStates } from './state.ts';
import { artifactSchema, taskKindSchema } from './task.ts';

/** The right to run one attempt. Every later call of the agent carries the token; another token is answered 409. */
export const leaseSchema = z
  .object({
    attempt_id: uuidSchema,
    attempt: z.int().min(1).describe('rises by one with each attempt of the task'),
    token: z.string().max(64),
    lease_ms: z.int().positive(),
    cpu_threads: z.int().positive().nullish().describe('threads booked on the node: the engine is held to them'),
  })
  .meta({ id: 'Lease' });
export type Lease = z.infer<typeof leaseSchema>;

/** Snapshot of what ran and where: history for the advisor cannot be rebuilt later. */
export const environmentSchema = z
  .object({
    ffmpeg: z.string().max(200).nullable(),
    encoder: z.string().max(200).nullable().describe('encoder library and version as it names itself'),
    cpu_model: z.string().max(200),
    cpu_threads: z.int(),
    governor: z.string().max(64).nullable(),
    power_source: z.string().max(64).describe('method of the energy figure'),
    argv: z.array(z.string().max(4096)).max(400),
    dropped_streams: z.array(z.string().max(200)).max(64).describe('input streams the output does not hold, and why'),
  })
  .meta({ id: 'Environment' });
export type Environment = z.infer<typeof environmentSchema>;

/** Measured facts of one attempt. The seeds' names stay; more may come. Sizes in bytes, times in seconds. */
export const resultMetricsSchema = z
  .looseObject({
    cpu_usage: z.number().min(0).optional().describe('percent of one core, averaged over the attempt'),
    memory_usage: z.number().min(0).optional().describe('peak resident memory, MB'),
    duration: z.number().min(0).optional().describe('wall seconds of the engine run'),
    cpu_s: z.number().min(0).optional(),
    frames: z.int().min(0).optional(),
    fps: z.number().min(0).optional(),
    speed: z.number().min(0).optional(),
    media_s: z.number().min(0).optional().describe('length of the output'),
    width: z.int().min(0).optional(),
    height: z.int().min(0).optional(),
    input_bytes: z.int().min(0).optional(),
    output_bytes: z.int().min(0).optional(),
    queue_to_spawn_ms: z.number().optional(),
  })
  .catchall(freeValueSchema)
  .meta({ id: 'ResultMetrics' });
export type ResultMetrics = z.infer<typeof resultMetricsSchema>;

export const attemptSchema = z
  .object({
    id: uuidSchema,
    job_id: uuidSchema,
    task_id: uuidSchema,
    task_kind: taskKindSchema,
    attempt: z.int(),
    node_id: z.string(),
    node_name: z.string().nullable(),
    state: z.enum(attemptStates),
    cause: z.string().nullable().describe('of a canceled attempt: canceled, paused, drained, released'),
    failure_class: failureClassSchema.nullable(),
    error: z.string().nullable(),
    metrics: resultMetricsSchema.nullable(),
    analyzer_output: z.unknown().nullable(),
    environment: environmentSchema.nullable(),
    figures: z.array(figureSchema),
    artifacts: z.array(artifactSchema),
    leased_at: z.string(),
    started_at: z.string().nullable(),
    ended_at: z.string().nullable(),
  })
  .meta({ id: 'Attempt' });
export type Attempt = z.infer<typeof attemptSchema>;

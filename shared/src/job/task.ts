import { z } from 'zod';
import { encodeSchema, generatedInputSchema } from '../media/encoding.ts';
import { fileNameSchema, limitsSchema, metricSchema, qualityRequestSchema, sha256Schema, uuidSchema } from './job.ts';
import { taskStates } from './state.ts';

export const taskKinds = ['transcode', 'quality'] as const;
export const taskKindSchema = z.enum(taskKinds);
export type TaskKind = z.infer<typeof taskKindSchema>;

/**
 * Files pass between tasks by role: what the user gave, what was generated, what came out. `quality_log` is the
 * comparison's values frame by frame: kept as long as the output, and no output itself.
 */
export const artifactRoleSchema = z.enum(['input', 'source', 'output', 'quality_log']);
export type ArtifactRole = z.infer<typeof artifactRoleSchema>;

export const artifactSchema = z
  .object({
    role: artifactRoleSchema,
    index: z.int().min(0).describe('counts the files of one role'),
    sha256: sha256Schema,
    bytes: z.int().min(0),
    name: z.string().max(200).nullish(),
  })
  .meta({ id: 'Artifact' });
export type Artifact = z.infer<typeof artifactSchema>;

/** What a node must have to run a task. Rounded and interned to a class, so that a claim matches classes, not rows. */
export const requirementSchema = z
  .object({
    engine: z.enum(['ffmpeg']),
    encoder: z.string().max(64).nullable().describe('an encoder the node must have proven, or null'),
    cpu_threads: z.int().nullish().describe('threads booked, rounded up to a bucket; null: an equal share by slots'),
    ram_mb: z.int().nullish(),
    gpu_sessions: z.int().nullish(),
    disk_mb: z.int().nullish(),
    pool: z.string().nullish().describe('absent from older masters, which know one pool'),
    node_selector: z.record(z.string(), z.string()).nullish(),
    vmaf: z.boolean().nullish().describe('the node must have proven that it measures VMAF'),
  })
  .meta({ id: 'Requirement' });
export type Requirement = z.infer<typeof requirementSchema>;

/** Everything an agent needs to run a task: no look-up at the master is left to do. */
export const taskSpecSchema = z
  .discriminatedUnion('kind', [
    z.object({
      kind: z.literal('transcode'),
      encode: encodeSchema,
      generate: generatedInputSchema.nullable(),
      output_name: fileNameSchema,
      keep_source: z.boolean().describe('upload the generated input too, because a later task compares with it'),
      limits: limitsSchema.nullable(),
    }),
    z.object({
      kind: z.literal('quality'),
      encode: encodeSchema.describe('of the task that made the output: rate and cut are applied to the source alike'),
      metrics: z.array(metricSchema),
      sample: qualityRequestSchema.shape.sample,
      limits: limitsSchema.nullable(),
    }),
  ])
  .meta({ id: 'TaskSpec' });
export type TaskSpec = z.infer<typeof taskSpecSchema>;

export const taskSchema = z
  .object({
    id: uuidSchema,
    job_id: uuidSchema,
    kind: taskKindSchema,
    mode: z.enum(['finite', 'continuous']),
    state: z.enum(taskStates),
    required: z.boolean(),
    round: z
      .int()
      .min(1)
      .default(1)
      .describe('rises when the result was below `quality.min`; earlier rounds no longer count'),
    needs: z.array(uuidSchema),
    requirement: requirementSchema,
    spec: taskSpecSchema,
    inputs: z.array(artifactSchema),
    outputs: z.array(artifactSchema.extend({ sink: z.literal('file') })),
    attempts: z.int(),
    failures: z.int(),
    losses: z.int(),
    due_at: z.string().nullable(),
  })
  .meta({ id: 'Task' });
export type Task = z.infer<typeof taskSchema>;

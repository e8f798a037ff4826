import { z } from 'zod';
import { uuidSchema } from '../job/job.ts';
import { capabilitiesSchema, encoderProofSchema, powerSourceSchema, vmafProofSchema } from './capabilities.ts';

export const nodeStatuses = ['available', 'busy', 'offline', 'draining'] as const;
export type NodeStatus = (typeof nodeStatuses)[number];

/** A node silent for this long is shown as offline. Its work is taken back earlier: when its leases run out. */
export const NODE_OFFLINE_MS = 120_000;

export const loadSchema = z
  .object({
    cpu_percent: z.number().min(0).nullable().describe('busy share of the machine since the last heartbeat'),
    ram_free_bytes: z.int().nullable(),
    disk_free_bytes: z.int().nullable().describe('of the agent’s data directory'),
  })
  .meta({ id: 'Load' });
export type Load = z.infer<typeof loadSchema>;

/** What a node has left for new attempts. */
export const freeResourcesSchema = z.object({
  slots: z.int(),
  threads: z.int(),
  ram_mb: z.int(),
  gpu_sessions: z.int(),
});

export const nodeSchema = z
  .object({
    id: uuidSchema,
    address: z.string(),
    name: z.string(),
    type: z.enum(['laptop', 'server', 'desktop']),
    cpu_threads: z.int(),
    cpu_model: z.string(),
    has_gpu: z.boolean(),
    gpu_type: z.string().nullable(),
    gpu_capabilities: z.array(z.string()),
    gpu_sessions: z.int().nullish(),
    ram_bytes: z.int(),
    battery: z.boolean(),
    pool: z.string().nullish(),
    labels: z.record(z.string(), z.string()),
    encoders: z.array(encoderProofSchema),
    vmaf: vmafProofSchema.nullish(),
    power_sources: z.array(powerSourceSchema),
    ffmpeg_version: z.string().nullable(),
    status: z.enum(nodeStatuses),
    slots: z.int(),
    running: z.int().describe('live attempts'),
    free: freeResourcesSchema.nullish().describe('what is not booked'),
    same_machine: z
      .array(z.string())
      .nullish()
      .describe('addresses of other nodes on its machine: each tells the energy of all of it, so never add them'),
    reserved: z.boolean().nullish().describe('kept free for a task that needs more of it than is free now'),
    load: loadSchema.nullable(),
    version: z.string(),
    protocol: z.int(),
    master_as_worker: z.boolean(),
    last_heartbeat: z.string().nullable(),
    registered_at: z.string(),
  })
  .meta({ id: 'Node' });
export type Node = z.infer<typeof nodeSchema>;

/** What an agent sends to register. Unknown fields are ignored, so that neighbouring versions work together. */
export const registrationSchema = capabilitiesSchema
  .extend({
    address: z.string().min(1).max(253).describe('the node’s key: unique in the fleet'),
    name: z.string().max(253).optional(),
    type: z
      .string()
      .max(63)
      .optional()
      .describe('kept as the label `node_type` only: the master classifies from facts'),
    slots: z.int().min(1).max(1024).default(1),
    version: z.string().max(64).default('unknown'),
    protocol: z.int().default(1),
    machine_id: z.string().max(200).optional(),
    proof: z
      .string()
      .regex(/^[0-9a-f]{64}$/)
      .optional()
      .describe(
        'a secret the agent made before its first call: a registration whose reply was lost is repeated with it',
      ),
    allow_master_as_worker: z.boolean().default(false),
  })
  .meta({ id: 'Registration' });
export type Registration = z.infer<typeof registrationSchema>;

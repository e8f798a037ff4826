import { z } from 'zod';
import { DEFAULT_POOL, poolSchema } from '../job/resources.ts';

/** One encoder as this machine's ffmpeg offers it, proven by a real encode, or the reason why it does not work. */
export const encoderProofSchema = z
  .object({
    name: z.string().max(64).describe('ffmpeg encoder name, e.g. `libx264`'),
    works: z.boolean(),
    fps: z.number().nullable().describe('frames per second of the 640x360 proof encode'),
    reason: z.string().max(500).nullable().describe('why it does not work: the end of ffmpeg’s own words'),
  })
  .meta({ id: 'EncoderProof' });
export type EncoderProof = z.infer<typeof encoderProofSchema>;

/** What measures VMAF on this machine, proven by a real run like an encoder, or the reason why nothing does. */
export const vmafProofSchema = z
  .object({
    works: z.boolean(),
    by: z.enum(['libvmaf', 'vmaf']).nullable().describe('the filter of its ffmpeg, or the program `vmaf`'),
    reason: z.string().max(500).nullable(),
  })
  .meta({ id: 'VmafProof' });
export type VmafProof = z.infer<typeof vmafProofSchema>;

export const powerSourceSchema = z
  .object({
    method: z.string().max(64).describe('e.g. `rapl`, `spec-thread-median`'),
    quality: z.enum(['measured', 'calibrated', 'estimated']),
    scope: z.array(z.string().max(16)).max(8),
    detail: z.string().max(400).describe('zones found, or why no sensor works and how to mend it'),
  })
  .meta({ id: 'PowerSource' });
export type PowerSource = z.infer<typeof powerSourceSchema>;

/** What an agent knows of its machine. Sent at registration and again whenever it changed. */
export const capabilitiesSchema = z
  .object({
    cpu_threads: z
      .int()
      .min(1)
      .max(4096)
      .describe('threads this agent may use: the smaller of the machine’s and its cgroup’s limit'),
    cpu_model: z.string().max(200),
    has_gpu: z.boolean().default(false),
    gpu_type: z.string().max(200).nullish(),
    gpu_capabilities: z.array(z.string().max(64)).max(64).default([]),
    gpu_sessions: z.int().min(0).max(256).default(0).describe('encodes its GPUs may run at once'),
    ram_bytes: z.int().min(0),
    battery: z.boolean().default(false),
    labels: z.record(z.string().max(63), z.string().max(255)).default({}),
    pool: poolSchema.default(DEFAULT_POOL).describe('it runs jobs of this pool alone'),
    encoders: z.array(encoderProofSchema).max(200).default([]),
    vmaf: vmafProofSchema.nullish().describe('absent from older agents, which measure none'),
    power_sources: z.array(powerSourceSchema).max(16).default([]),
    ffmpeg_version: z.string().max(200).nullish(),
  })
  .meta({ id: 'Capabilities' });
export type Capabilities = z.infer<typeof capabilitiesSchema>;

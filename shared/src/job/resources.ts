import { z } from 'zod';

/** Nothing on earth has more; a larger wish is a slip of the keyboard. */
const MAX_THREADS = 4096;
const MAX_RAM_MB = 64 << 20;
const MAX_DISK_MB = 1 << 30;
const MAX_GPU_SESSIONS = 256;

/** The pool of nodes and jobs that name none. */
export const DEFAULT_POOL = 'default';
export const poolSchema = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_-]{0,62}$/, { error: 'must be lower-case letters, digits, "-" and "_", at most 63' });

/** What one attempt is to have for itself on its node. Amounts that are not named ask for nothing. */
export const resourcesSchema = z.strictObject({
  cpu_threads: z
    .int()
    .min(1)
    .max(MAX_THREADS)
    .optional()
    .describe('threads booked and used; default: an equal share of the node by its slots'),
  ram_mb: z.int().min(1).max(MAX_RAM_MB).optional().describe('memory booked, MiB'),
  gpu_sessions: z
    .int()
    .min(0)
    .max(MAX_GPU_SESSIONS)
    .optional()
    .describe('encoder sessions booked on the node’s GPUs; default 1 for a hardware encoder, else 0'),
  disk_mb: z.int().min(1).max(MAX_DISK_MB).optional().describe('free space the node must report before it starts, MiB'),
});
export type ResourceRequest = z.infer<typeof resourcesSchema>;

export const nodeSelectorSchema = z
  .record(z.string().min(1).max(63), z.string().max(255))
  .refine((selector) => Object.keys(selector).length <= 16, { error: 'has more than 16 labels' });

/** Counts of threads are named exactly: rounded up to 40, a task for all 36 threads of a machine would run nowhere. */
const MAX_EXACT = 128;

/**
 * The bucket an amount is booked in: above 128 three significant bits, so at most a quarter more than asked. Tasks with
 * nearly the same needs then share a class, and a claim looks at tens of classes instead of at every job.
 */
export function bucket(amount: number): number {
  if (amount <= MAX_EXACT) return Math.max(0, Math.ceil(amount));
  const step = 2 ** (Math.floor(Math.log2(amount)) - 2);
  return Math.ceil(amount / step) * step;
}

/** Encoders of this shape run on a GPU and take one of its sessions. */
export const isHardwareEncoder = (encoder: string | null) => /_(?:nvenc|qsv|vaapi|amf)$/.test(encoder ?? '');

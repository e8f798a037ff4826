import { z } from 'zod';

/**
 * Why an attempt did not succeed. input: the source or the settings are at fault (never retried); resource: this node
 * lacked something (retried elsewhere); infrastructure: network, master or agent; lost: the lease ran out.
 */
export const failureClasses = ['input', 'resource', 'infrastructure', 'lost', 'unknown'] as const;
export const failureClassSchema = z.enum(failureClasses);
export type FailureClass = z.infer<typeof failureClassSchema>;

/** Why a job failed: as its last attempt did, or because what came of it is below the quality it asks for. */
export const jobFailureClassSchema = z.enum([...failureClasses, 'quality']);
export type JobFailureClass = z.infer<typeof jobFailureClassSchema>;

/** How one run of an engine ended: a value, never an exception. */
export type Outcome =
  | { kind: 'succeeded' }
  | { kind: 'failed'; failureClass: FailureClass; message: string; exitCode: number | null }
  | { kind: 'canceled'; cause: CancelCause };

/** Why a running attempt was ended from outside; `stale` means the lease belongs to somebody else by now. */
export type CancelCause = 'canceled' | 'paused' | 'stale' | 'shutdown';

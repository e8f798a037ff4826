import { z } from 'zod';

/**
 * Why an attempt did not succeed. input: the source or the settings are at fault (never retried); resource: this node
 * lacked something (retried elsewhere); infrastructure: network, master or agent; lost: the lease ran out; quality: the
 * picture is below what the job asks for (said of a job by the master, once no further round is left).
 */
export const failureClasses = ['input', 'resource', 'infrastructure', 'lost', 'quality', 'unknown'] as const;
export const failureClassSchema = z.enum(failureClasses);
export type FailureClass = z.infer<typeof failureClassSchema>;

/** How one run of an engine ended: a value, never an exception. */
export type Outcome =
  | { kind: 'succeeded' }
  | { kind: 'failed'; failureClass: FailureClass; message: string; exitCode: number | null }
  | { kind: 'canceled'; cause: CancelCause };

/** Why a running attempt was ended from outside; `stale` means the lease belongs to somebody else by now. */
export type CancelCause = 'canceled' | 'paused' | 'stale' | 'shutdown';

import { z } from 'zod';

/** The timing rules the master tells every agent at registration and with each heartbeat reply. Milliseconds. */
export const timingSchema = z
  .object({
    lease_ms: z.int().positive(),
    heartbeat_ms: z.int().positive(),
    fence_margin_ms: z.int().positive().describe('an agent that cannot renew stops publishing this long before expiry'),
  })
  .meta({ id: 'Timing' });
export type Timing = z.infer<typeof timingSchema>;

export const DEFAULT_LEASE_MS = 45_000;
/** Below this a busy two-core agent could miss renewals without being dead. */
export const MIN_LEASE_MS = 5_000;

/** heartbeat = lease/4.5 and fence margin = lease x 2/9: four renewals may be lost before work is taken back. */
export function timingFor(leaseMs: number): Timing {
  return {
    lease_ms: leaseMs,
    heartbeat_ms: Math.floor(leaseMs / 4.5),
    fence_margin_ms: Math.ceil((leaseMs * 2) / 9),
  };
}

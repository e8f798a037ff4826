import type { Clock } from '../clock.ts';

export interface HeldLease {
  attemptId: string;
  taskId: string;
  jobSeq: number;
  jobId: string;
  nodeId: string;
  claimId: string | null;
  taskKind: string;
  /** On the monotonic clock. */
  expiresAtMs: number;
}

/**
 * Live leases with their deadlines, in memory: a renewal writes no row. The rows in the database say who holds what;
 * after a restart each live one gets a full lease again before anything is swept.
 */
export interface Leases {
  grant: (lease: Omit<HeldLease, 'expiresAtMs'>) => void;
  renew: (attemptId: string) => void;
  end: (attemptId: string) => void;
  get: (attemptId: string) => HeldLease | undefined;
  ofNode: (nodeId: string) => HeldLease[];
  runningOn: (nodeId: string) => number;
  expired: () => HeldLease[];
  /** Monotonic time of the next expiry, or undefined. */
  nextExpiryMs: () => number | undefined;
  count: () => number;
}

export function createLeases(clock: Clock, leaseMs: number): Leases {
  const byAttempt = new Map<string, HeldLease>();
  const byNode = new Map<string, Set<string>>();
  const deadline = () => clock.monotonicMs() + leaseMs;
  return {
    grant(lease) {
      byAttempt.set(lease.attemptId, { ...lease, expiresAtMs: deadline() });
      const held = byNode.get(lease.nodeId) ?? new Set();
      byNode.set(lease.nodeId, held.add(lease.attemptId));
    },
    renew(attemptId) {
      const lease = byAttempt.get(attemptId);
      if (lease) lease.expiresAtMs = deadline();
    },
    end(attemptId) {
      const lease = byAttempt.get(attemptId);
      byAttempt.delete(attemptId);
      if (lease) byNode.get(lease.nodeId)?.delete(attemptId);
    },
    get: (attemptId) => byAttempt.get(attemptId),
    ofNode: (nodeId) => [...(byNode.get(nodeId) ?? [])].flatMap((id) => byAttempt.get(id) ?? []),
    runningOn: (nodeId) => byNode.get(nodeId)?.size ?? 0,
    expired() {
      const now = clock.monotonicMs();
      return [...byAttempt.values()].filter((lease) => lease.expiresAtMs <= now);
    },
    nextExpiryMs() {
      let earliest: number | undefined;
      for (const { expiresAtMs } of byAttempt.values()) earliest = Math.min(earliest ?? expiresAtMs, expiresAtMs);
      return earliest;
    },
    count: () => byAttempt.size,
  };
}

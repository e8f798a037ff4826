import type { Clock } from '@ffrtmp/runtime/clock';
import type { AttemptRow } from '../jobs/store.ts';

export interface HeldLease {
  attemptId: string;
  taskId: string;
  jobSeq: number;
  jobId: string;
  nodeId: string;
  claimId: string | null;
  taskKind: string;
  /** The class it was leased under: what it books on its node. */
  classId: number;
  /** On the monotonic clock, like the other two. */
  grantedAtMs: number;
  expiresAtMs: number;
  /** Its agent last reported something new. Renewals do not count: a stuck attempt is renewed too. */
  movedAtMs: number;
}

export type NewLease = Omit<HeldLease, 'grantedAtMs' | 'expiresAtMs' | 'movedAtMs'>;

export const leaseOf = (
  attempt: Pick<AttemptRow, 'id' | 'task_id' | 'node_id' | 'claim_id' | 'class_id'>,
  job: { seq: number; id: string },
  taskKind: string,
): NewLease => ({
  attemptId: attempt.id,
  taskId: attempt.task_id,
  jobSeq: job.seq,
  jobId: job.id,
  nodeId: attempt.node_id,
  claimId: attempt.claim_id,
  taskKind,
  classId: attempt.class_id,
});

/**
 * Live leases with their deadlines, in memory: a renewal writes no row. The rows in the database say who holds what;
 * after a restart each live one gets a full lease again before anything is swept.
 */
export interface Leases {
  grant: (lease: NewLease) => void;
  renew: (attemptId: string) => void;
  /** The attempt has got on. */
  moved: (attemptId: string) => void;
  end: (attemptId: string) => void;
  all: () => Iterable<HeldLease>;
  get: (attemptId: string) => HeldLease | undefined;
  ofNode: (nodeId: string) => HeldLease[];
  runningOn: (nodeId: string) => number;
  expired: () => HeldLease[];
  /** Renewed all the time, but nothing new was heard for so long. */
  stalled: (silentMs: number) => HeldLease[];
  /** Monotonic time of the next expiry, or undefined. */
  nextExpiryMs: () => number | undefined;
  count: () => number;
  /** Told after a lease has ended, whatever ended it. */
  onEnded: (listener: (lease: HeldLease) => void) => void;
}

export function createLeases(clock: Clock, leaseMs: number): Leases {
  let onEnded: (lease: HeldLease) => void = () => undefined;
  const byAttempt = new Map<string, HeldLease>();
  const byNode = new Map<string, Set<string>>();
  const deadline = () => clock.monotonicMs() + leaseMs;
  return {
    grant(lease) {
      const nowMs = clock.monotonicMs();
      byAttempt.set(lease.attemptId, { ...lease, grantedAtMs: nowMs, movedAtMs: nowMs, expiresAtMs: deadline() });
      const held = byNode.get(lease.nodeId) ?? new Set();
      byNode.set(lease.nodeId, held.add(lease.attemptId));
    },
    renew(attemptId) {
      const lease = byAttempt.get(attemptId);
      if (lease) lease.expiresAtMs = deadline();
    },
    moved(attemptId) {
      const lease = byAttempt.get(attemptId);
      if (lease) lease.movedAtMs = clock.monotonicMs();
    },
    end(attemptId) {
      const lease = byAttempt.get(attemptId);
      byAttempt.delete(attemptId);
      if (!lease) return;
      byNode.get(lease.nodeId)?.delete(attemptId);
      onEnded(lease);
    },
    all: () => byAttempt.values(),
    get: (attemptId) => byAttempt.get(attemptId),
    ofNode: (nodeId) => [...(byNode.get(nodeId) ?? [])].flatMap((id) => byAttempt.get(id) ?? []),
    runningOn: (nodeId) => byNode.get(nodeId)?.size ?? 0,
    expired() {
      const now = clock.monotonicMs();
      return [...byAttempt.values()].filter((lease) => lease.expiresAtMs <= now);
    },
    stalled(silentMs) {
      const before = clock.monotonicMs() - silentMs;
      return [...byAttempt.values()].filter((lease) => lease.movedAtMs <= before);
    },
    nextExpiryMs() {
      let earliest: number | undefined;
      for (const { expiresAtMs } of byAttempt.values()) earliest = Math.min(earliest ?? expiresAtMs, expiresAtMs);
      return earliest;
    },
    count: () => byAttempt.size,
    onEnded(listener) {
      onEnded = listener;
    },
  };
}

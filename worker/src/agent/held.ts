import type { Claimed } from '@ffrtmp/shared/contract/dispatch';
import type { HeldAttempt } from '@ffrtmp/shared/contract/nodes';
import type { Progress } from '@ffrtmp/shared/job/job';
import type { CancelCause } from '@ffrtmp/shared/job/outcome';
import type { LeaseWatch } from './lease.ts';

/** One attempt this agent is responsible for, from the claim until the master has acknowledged its end. */
export interface Held {
  claimed: Claimed;
  state: 'leased' | 'running' | 'publishing';
  progress: Progress | null;
  /** Figures so far of an attempt whose energy is followed: should it be lost, the master still knows them. */
  energy?: () => Progress['energy'];
  lease: LeaseWatch;
  /** Ends the attempt; the reason of the abort is a CancelCause. */
  end: (cause: CancelCause) => void;
  signal: AbortSignal;
  /** Settles when the attempt is reported and its files are gone. */
  done: Promise<void>;
}

export const attemptId = (held: Held) => held.claimed.lease.attempt_id;

/** How far it is, with what it has used up to now: an engine that stands still says nothing new, and still draws power. */
export const progressOf = ({ progress, energy }: Held): Progress | null =>
  progress && energy ? { ...progress, energy: energy() } : progress;

export const report = (held: Held): HeldAttempt => ({
  attempt_id: attemptId(held),
  token: held.claimed.lease.token,
  state: held.state,
  progress: progressOf(held),
});

/** Carries out what the master ordered: `drop` means the lease is somebody else's by now. */
export function obey(
  order: { kind: 'cancel' | 'pause' | 'drop'; attempt_id: string },
  held: ReadonlyMap<string, Held>,
): void {
  const causes = { cancel: 'canceled', pause: 'paused', drop: 'stale' } as const;
  held.get(order.attempt_id)?.end(causes[order.kind]);
}

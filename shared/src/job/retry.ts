import type { FailureClass } from './outcome.ts';

export const DEFAULT_MAX_RETRIES = 3;
/** Losing the lease is not the job's failure, but a job that kills its agents must not circle for ever. */
export const MAX_LOST_NODES = 3;
export const MAX_LOSSES = 5;
const BASE_DELAY_MS = 5_000;
const MAX_DELAY_MS = 15 * 60_000;

export interface RetryFacts {
  failureClass: FailureClass;
  /** Failures so far that count against the job, this one not included. */
  retryCount: number;
  maxRetries: number;
  /** Losses so far, this one included, and the nodes they happened on. */
  losses: number;
  lostNodes: number;
}

export type RetryDecision = { retry: true; delayMs: number; counts: boolean } | { retry: false; quarantined: boolean };

/** Full jitter: random(0, min(15 min, 5 s x 2^(attempt-1))), so that a fleet never retries in step. */
export function backoffMs(failure: number, random: () => number): number {
  return Math.floor(random() * Math.min(MAX_DELAY_MS, BASE_DELAY_MS * 2 ** (failure - 1)));
}

/** Decides what follows a failed or lost attempt. Pure: the random source is an argument. */
export function decideRetry(facts: RetryFacts, random: () => number): RetryDecision {
  if (facts.failureClass === 'lost') {
    const exhausted = facts.lostNodes >= MAX_LOST_NODES || facts.losses >= MAX_LOSSES;
    return exhausted ? { retry: false, quarantined: true } : { retry: true, delayMs: 0, counts: false };
  }
  if (facts.failureClass === 'input' || facts.retryCount >= facts.maxRetries)
    return { retry: false, quarantined: false };
  const delayMs = facts.failureClass === 'infrastructure' ? 0 : backoffMs(facts.retryCount + 1, random);
  return { retry: true, delayMs, counts: true };
}

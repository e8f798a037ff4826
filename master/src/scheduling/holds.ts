import type { Why } from '@ffrtmp/shared/job/job';

/** What the holds look at. */
export interface HeldJob {
  paused: boolean;
  notBeforeMs: number | null;
  retryDueMs: number | null;
}

export interface Hold {
  reason: Why['reason'];
  message: string;
  /** When the hold ends by itself, or null when somebody has to end it. */
  untilMs: number | null;
}

type Rule = (job: HeldJob, nowMs: number) => Hold | null;

const until = (ms: number) => new Date(ms).toISOString();

const paused: Rule = (job) =>
  job.paused ? { reason: 'paused', message: 'the job is paused: resume it to go on', untilMs: null } : null;

const notBefore: Rule = (job, nowMs) =>
  job.notBeforeMs !== null && job.notBeforeMs > nowMs
    ? { reason: 'not_before', message: `not before ${until(job.notBeforeMs)}`, untilMs: job.notBeforeMs }
    : null;

const retryDelay: Rule = (job, nowMs) =>
  job.retryDueMs !== null && job.retryDueMs > nowMs
    ? {
        reason: 'retry_delay',
        message: `the next attempt waits until ${until(job.retryDueMs)}`,
        untilMs: job.retryDueMs,
      }
    : null;

/** Admission, as an ordered list: a job may start when no rule holds it. `why` reads the same list. */
export const holds: readonly Rule[] = [paused, notBefore, retryDelay];

export function firstHold(job: HeldJob, nowMs: number): Hold | null {
  for (const rule of holds) {
    const hold = rule(job, nowMs);
    if (hold) return hold;
  }
  return null;
}

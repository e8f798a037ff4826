import type { Why } from '@ffrtmp/shared/job/job';

/** What the holds look at. */
export interface HeldJob {
  paused: boolean;
  notBeforeMs: number | null;
  retryDueMs: number | null;
  queue: string;
  queuePaused: boolean;
  /** The cap of its queue on running attempts, and how many run; null where there is none. */
  queueCap: { running: number; maxRunning: number } | null;
}

/** A job that nothing holds back. */
export const noHolds: HeldJob = {
  paused: false,
  notBeforeMs: null,
  retryDueMs: null,
  queue: '',
  queuePaused: false,
  queueCap: null,
};

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

const queuePaused: Rule = (job) =>
  job.queuePaused
    ? { reason: 'queue_paused', message: `the queue ${job.queue} is paused: resume it to go on`, untilMs: null }
    : null;

const queueFull: Rule = ({ queue, queueCap: cap }) =>
  cap !== null && cap.running >= cap.maxRunning
    ? {
        reason: 'queue_full',
        message: `the queue ${queue} runs ${cap.running} attempts and may run ${cap.maxRunning}`,
        untilMs: null,
      }
    : null;

/** Admission, as an ordered list: a job may start when no rule holds it. `why` reads the same list. */
export const holds: readonly Rule[] = [paused, notBefore, retryDelay, queuePaused, queueFull];

export function firstHold(job: HeldJob, nowMs: number): Hold | null {
  for (const rule of holds) {
    const hold = rule(job, nowMs);
    if (hold) return hold;
  }
  return null;
}

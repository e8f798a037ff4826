import { Worker } from 'node:worker_threads';
import type { Outcome } from './simulate.ts';

export interface CampaignOptions {
  seeds: number;
  /** The first seed. */
  from: number;
  /** Threads that play; each takes a core. */
  threads?: number;
  onOutcome?: (outcome: Outcome) => void;
}

export interface CampaignReport {
  ran: number;
  /** Seeds that broke a promise. */
  failed: number[];
  /** How often each fault happened. */
  points: Record<string, number>;
  /** Each broken promise behind its seed. */
  violations: string[];
  jobs: number;
  virtualMs: number;
}

const THREADS = 2;
/** A seed takes a fifth of a second; a thread that is silent for so long is stuck in a circle that no virtual time ends. */
const STUCK_MS = 120_000;

/** Plays its share of the seeds on one thread. */
function playOn(next: () => number | undefined, done: (outcome: Outcome) => void): Promise<void> {
  const thread = new Worker(new URL('./seed-thread.ts', import.meta.url), { execArgv: [] });
  let seed: number | undefined;
  let watchdog: NodeJS.Timeout | undefined;
  return new Promise<void>((resolve, reject) => {
    const fail = (error: Error) => {
      reject(new Error(`seed ${seed}: ${error.message}`, { cause: error }));
      void thread.terminate();
    };
    const give = () => {
      clearTimeout(watchdog);
      seed = next();
      if (seed === undefined) return resolve();
      watchdog = setTimeout(() => fail(new Error(`no end after ${STUCK_MS} ms`)), STUCK_MS);
      thread.postMessage(seed);
    };
    thread.once('error', fail);
    thread.on('message', (outcome: Outcome) => {
      done(outcome);
      give();
    });
    give();
  }).finally(async () => {
    clearTimeout(watchdog);
    await thread.terminate();
  });
}

/** Layer B: plays many seeds, and adds up what was broken and how often each fault happened. */
export async function run({ seeds, from, threads = THREADS, onOutcome }: CampaignOptions): Promise<CampaignReport> {
  const report: CampaignReport = { ran: 0, failed: [], points: {}, violations: [], jobs: 0, virtualMs: 0 };
  let next = from;
  const take = () => (next < from + seeds ? next++ : undefined);
  const done = (outcome: Outcome) => {
    report.ran += 1;
    report.jobs += outcome.jobs;
    report.virtualMs += outcome.virtualMs;
    for (const [point, times] of Object.entries(outcome.points))
      report.points[point] = (report.points[point] ?? 0) + times;
    if (outcome.violations.length > 0) report.failed.push(outcome.seed);
    report.violations.push(...outcome.violations.map((violation) => `seed ${outcome.seed}: ${violation}`));
    onOutcome?.(outcome);
  };
  await Promise.all(Array.from({ length: threads }, () => playOn(take, done)));
  return report;
}

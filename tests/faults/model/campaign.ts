import fc from 'fast-check';
import { arraySubject } from './arrays-subject.ts';
import { drive, type Points } from './drive.ts';
import { anyOrder, START_MS, stepsOf } from './steps.ts';
import { storedSubject } from './stored.ts';
import type { ModelClock, Subject } from './subject.ts';

export interface ModelRun {
  runs: number;
  /** Steps of each. */
  commands: number;
  seed: number;
}

export interface ModelReport {
  /** Sequences of steps that were taken. */
  ran: number;
  /** Each with the smallest sequence that shows it. */
  failed: string[];
  points: Points;
}

type Make = (clock: ModelClock, order: 'strict' | 'weighted') => Subject | Promise<Subject>;

async function against(
  make: Make,
  { runs, commands, seed }: ModelRun,
  name: string,
  report: ModelReport,
): Promise<void> {
  const property = fc.asyncProperty(stepsOf(commands), anyOrder, async (steps, order) => {
    const clock = { nowMs: START_MS };
    const subject = await make(clock, order);
    try {
      await drive(subject, clock, order, steps, report.points);
    } finally {
      await subject.close();
    }
  });
  const details = await fc.check(property, { numRuns: runs, seed, endOnFailure: false });
  report.ran += details.numRuns;
  if (details.failed) report.failed.push(`${name}: ${fc.defaultReportMessage(details)}`);
}

/** Layer A: the pure functions of queue and placement, and the state machines, against a naive oracle. */
export async function run(asked: ModelRun): Promise<ModelReport> {
  const report: ModelReport = { ran: 0, failed: [], points: {} };
  await against(arraySubject, asked, 'over arrays', report);
  return report;
}

/** The same steps through the verbs, routes and store of a real master in memory; a run of these costs ten of the others. */
export async function runStored(asked: ModelRun): Promise<ModelReport> {
  const report: ModelReport = { ran: 0, failed: [], points: {} };
  await against(storedSubject, asked, 'over SQLite', report);
  return report;
}

import fc from 'fast-check';
import { arraySubject } from './arrays-subject.ts';
import { count, drive, type Points } from './drive.ts';
import { anyOrder, START_MS, type Step, stepsOf } from './steps.ts';
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

type Make = (clock: ModelClock, order: Order) => Subject | Promise<Subject>;
type Order = 'strict' | 'weighted';

/** So many shorter sequences are tried at most: each costs a run. */
const MAX_TRIES = 400;

async function against(
  make: Make,
  { runs, commands, seed }: ModelRun,
  name: string,
  report: ModelReport,
): Promise<void> {
  let found: { steps: readonly Step[]; order: Order } | undefined;
  const property = fc.asyncProperty(stepsOf(commands), anyOrder, async (steps, order) => {
    const fault = await faultOf(make, steps, order, report.points);
    if (!fault) return;
    found = { steps, order };
    throw fault;
  });
  // Sequences of one length do not shrink by themselves: steps are left out here instead.
  const details = await fc.check(property, { numRuns: runs, seed, endOnFailure: true });
  report.ran += details.numRuns;
  if (!found) {
    if (details.failed) throw details.errorInstance;
    return;
  }
  const { order } = found;
  const steps = await shortest(found.steps, async (fewer) => (await faultOf(make, fewer, order, {})) !== undefined);
  const fault = await faultOf(make, steps, order, {});
  report.failed.push(
    `${name}, seed ${seed}, ${order}, run ${details.numRuns}: ${fault?.message}\n${steps.map((step) => JSON.stringify(step)).join('\n')}`,
  );
}

/** What is wrong with the subject after these steps, or nothing. */
async function faultOf(make: Make, steps: readonly Step[], order: Order, points: Points): Promise<Error | undefined> {
  const clock = { nowMs: START_MS };
  const subject = await make(clock, order);
  try {
    await drive(subject, clock, order, steps, points);
    return undefined;
  } catch (error) {
    return error as Error;
  } finally {
    await subject.close();
  }
}

/** Leaves out halves, quarters and at last single steps, as long as what is left still fails. */
async function shortest(steps: readonly Step[], fails: (fewer: readonly Step[]) => Promise<boolean>) {
  let left = steps;
  let tries = 0;
  for (let size = Math.ceil(left.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < left.length && tries < MAX_TRIES; tries += 1) {
      const fewer = left.toSpliced(at, size);
      if (await fails(fewer)) left = fewer;
      else at += size;
    }
  }
  return left;
}

/** A sequence through a real master costs as much as fifty over arrays. */
const ARRAYS_PER_STORED = 50;

async function report(make: Make, asked: ModelRun, name: string): Promise<ModelReport> {
  const found: ModelReport = { ran: 0, failed: [], points: {} };
  await against(make, asked, name, found);
  return found;
}

/** The pure functions of queue and placement, and the state machines, over plain arrays. */
export const runArrays = (asked: ModelRun) => report(arraySubject, asked, 'over arrays');

/** The verbs, routes and store of a real master in memory. */
export const runStored = (asked: ModelRun) => report(storedSubject, asked, 'over SQLite');

/** Layer A: both against a naive oracle; of `runs` sequences every fiftieth goes through a real master, too. */
export async function run(asked: ModelRun): Promise<ModelReport> {
  const arrays = await runArrays(asked);
  const stored = await runStored({ ...asked, runs: Math.ceil(asked.runs / ARRAYS_PER_STORED) });
  const points = { ...arrays.points };
  for (const [name, times] of Object.entries(stored.points)) count(points, name, times);
  return { ran: arrays.ran + stored.ran, failed: [...arrays.failed, ...stored.failed], points };
}

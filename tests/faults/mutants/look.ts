import { writeSync } from 'node:fs';
import fc from 'fast-check';
import { arraySubject } from '../model/arrays-subject.ts';
import { drive } from '../model/drive.ts';
import { anyOrder, START_MS, stepsOf } from '../model/steps.ts';
import { storedSubject } from '../model/stored.ts';
import { simulate } from '../simulation/simulate.ts';
import type { Look } from './bug.ts';

/** What was found: in so many trials, these sentences. */
export interface Found {
  tried: number;
  faults: string[];
}

/**
 * Asked in the copy, in a process of its own: `node look.ts '{"looks": [...], "says": ...}'`. The first fault that says so
 * ends it; without `says` all trials are made.
 */
export interface Question {
  looks: readonly Exclude<Look, { layer: 'tests' }>[];
  says?: string;
}

const SHOWN = 5;

async function* simulated({ from, atMost }: { from: number; atMost: number }): AsyncGenerator<string[]> {
  for (let seed = from; seed < from + atMost; seed += 1) yield (await simulate({ seed })).violations;
}

type Model = Extract<Look, { steps: number }>;

/** The sequences of layer A without its search for the shortest: one that shows the bug is enough. */
async function* modelled({ layer, seed, steps, atMost }: Model): AsyncGenerator<string[]> {
  const make = layer === 'model over arrays' ? arraySubject : storedSubject;
  for (const [sequence, order] of fc.sample(fc.tuple(stepsOf(steps), anyOrder), { seed, numRuns: atMost })) {
    const clock = { nowMs: START_MS };
    const subject = await make(clock, order);
    const fault = await drive(subject, clock, order, sequence, {}).then(
      () => [],
      (error: unknown) => [String(error)],
    );
    await subject.close();
    yield fault;
  }
}

async function* trialsOf(looks: Question['looks']): AsyncGenerator<string[]> {
  for (const look of looks) yield* look.layer === 'simulation' ? simulated(look) : modelled(look);
}

async function answer({ looks, says }: Question): Promise<Found> {
  const found: Found = { tried: 0, faults: [] };
  const wanted = says === undefined ? undefined : new RegExp(says);
  for await (const faults of trialsOf(looks)) {
    const noticed = faults.filter((fault) => wanted?.test(fault));
    found.tried += 1;
    found.faults.push(...noticed.slice(0, SHOWN), ...faults.slice(0, SHOWN));
    if (noticed.length > 0) break;
  }
  return found;
}

const found = await answer(JSON.parse(process.argv[2] ?? '') as Question);
writeSync(1, `${JSON.stringify(found)}\n`);
// What a broken product left open must not keep the process.
process.exit(found.faults.length > 0 ? 1 : 0);

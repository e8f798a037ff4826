/** One place of the source as it is, which has to stand there exactly once, and as it would be with the bug. */
export interface Edit {
  file: string;
  find: string;
  replace: string;
}

/**
 * Where a bug is looked for. The trials go on from the first until one shows it, at most so many: the first is known to,
 * but a change of the product moves what a seed does.
 */
export type Look =
  /** Layer B, seed by seed. */
  | { layer: 'simulation'; from: number; atMost: number }
  /** Layer A: sequences of steps, over arrays or through a real master in memory. */
  | { layer: 'model over arrays' | 'model over SQLite'; seed: number; steps: number; atMost: number }
  /** One test of a file, by its sentence. */
  | { layer: 'tests'; file: string; test: string };

/** A bug that somebody might write, and who has to notice it. */
export interface Bug {
  name: string;
  edits: readonly Edit[];
  look: Look;
  /** A regular expression for what the layer has to say: noticed for this reason and not for another. */
  says: string;
  /** Put in with every change, and not in long runs alone. */
  everyChange?: true;
}

export const edit = (file: string, find: string, replace: string): Edit => ({ file, find, replace });

/** Trials of a bug that its first one does not show any more. */
const SEEDS = 60;
const SEQUENCES = 3000;
const SEQUENCES_STORED = 100;
const STEPS = 100;

export const simulation = (from: number): Look => ({ layer: 'simulation', from, atMost: SEEDS });
export const overArrays = (seed = 1): Look => ({
  ...{ layer: 'model over arrays', seed, steps: STEPS, atMost: SEQUENCES },
});
export const overSqlite = (seed = 1): Look => ({
  ...{ layer: 'model over SQLite', seed, steps: STEPS, atMost: SEQUENCES_STORED },
});
export const tests = (file: string, test: string): Look => ({ layer: 'tests', file, test });

/** The text with the bug in it. A patch that fits nowhere, or in two places, says so: the product has moved on. Pure. */
export function applied(text: string, { file, find, replace }: Edit): string {
  const times = text.split(find).length - 1;
  if (times !== 1) throw new Error(`the patch is out of date: ${file} has ${times} times\n${find}`);
  return text.replace(find, () => replace);
}

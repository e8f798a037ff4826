import { type Finished, runProgram } from '../../support/process.ts';
import type { Scope } from '../../support/scope.ts';
import type { Bug, Look } from './bug.ts';
import { withEdits } from './copy.ts';
import type { Found } from './look.ts';

/** Where bugs are put in and looked for, one after the other. */
export interface Ground {
  scope: Scope;
  copy: string;
}

export interface Verdict {
  /** What the layer said of the bug, or nothing when it noticed none. */
  caught: string | undefined;
  /** What came out, for people. */
  story: string;
  /** The same trials on the sources without the bug. */
  clean: Look;
}

/** A few seconds each, several times that on a busy machine. A look that does not end has noticed nothing. */
const LIMIT_MS = 100_000;

const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

function ask({ scope, copy }: Ground, look: Look, says?: string): Promise<Finished> {
  const words =
    look.layer === 'tests'
      ? ['--test', '--test-reporter=tap', `--test-name-pattern=^${escaped(look.test)}$`, look.file]
      : ['tests/faults/mutants/look.ts', JSON.stringify(says === undefined ? { look } : { look, says })];
  return runProgram(scope, process.execPath, words, { cwd: copy, limitMs: LIMIT_MS, name: `look: ${look.layer}` });
}

const storyOf = ({ code, signal, stdout, stderr }: Finished) =>
  `ended with ${code ?? signal}\n${stdout.slice(-3000)}\n${stderr.slice(-3000)}`;

/** The last line is the answer; a process that broke before it has none. */
function foundIn({ stdout }: Finished): Found | undefined {
  try {
    return JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as Found;
  } catch {
    return undefined;
  }
}

/** An assertion that failed, and not a program that did not even start. */
const FAILED_ASSERTION = 'ERR_ASSERTION';
const passes = ({ stdout }: Finished) => Number(/^# pass (\d+)$/m.exec(stdout)?.[1] ?? 0);

/** Puts the bug in, has its layer look, and takes it out again. */
export async function hunt(ground: Ground, { edits, look, says }: Bug): Promise<Verdict> {
  const finished = await withEdits(ground.copy, edits, () => ask(ground, look, says));
  const story = storyOf(finished);
  const wanted = new RegExp(says);
  if (look.layer === 'tests') {
    const noticed = finished.code === 1 && finished.stdout.includes(FAILED_ASSERTION);
    const line = finished.stdout.split('\n').find((one) => wanted.test(one));
    return { caught: noticed ? line?.trim() : undefined, story, clean: look };
  }
  const found = finished.code === 1 ? foundIn(finished) : undefined;
  const caught = found?.faults.find((fault) => wanted.test(fault));
  return { caught, story, clean: { ...look, atMost: found?.tried ?? look.atMost } };
}

/** The same trials where there is no bug: nothing may be found, and something must have been looked at. */
export async function lookClean(ground: Ground, look: Look): Promise<string | undefined> {
  const finished = await ask(ground, look);
  const looked = look.layer === 'tests' ? passes(finished) > 0 : foundIn(finished)?.tried === look.atMost;
  return finished.code === 0 && looked ? undefined : storyOf(finished);
}

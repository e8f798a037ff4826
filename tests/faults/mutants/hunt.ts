import { type Finished, runProgram } from '../../support/process.ts';
import type { Scope } from '../../support/scope.ts';
import type { Bug, Look } from './bug.ts';
import { withEdits } from './copy.ts';
import type { Found, Question } from './look.ts';

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
  /** The trials that were made: the sources without the bug have to pass the same. */
  made: Look;
}

type TestLook = Extract<Look, { layer: 'tests' }>;
type TrialLook = Question['looks'][number];

/** A look takes seconds, several times that on a busy machine. One that does not end has noticed nothing. */
const LIMIT_MS = 100_000;
const TOLD_CHARACTERS = 3000;

const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

const ask = ({ scope, copy }: Ground, words: string[]): Promise<Finished> =>
  runProgram(scope, process.execPath, words, { cwd: copy, limitMs: LIMIT_MS, name: 'look' });

const askTrials = (ground: Ground, question: Question) =>
  ask(ground, ['tests/faults/mutants/look.ts', JSON.stringify(question)]);

function askTests(ground: Ground, looks: readonly TestLook[]): Promise<Finished> {
  const patterns = looks.map(({ test }) => `--test-name-pattern=^${escaped(test)}$`);
  const files = new Set(looks.map(({ file }) => file));
  return ask(ground, ['--test', '--test-reporter=tap', '--test-concurrency=1', ...patterns, ...files]);
}

const storyOf = ({ code, signal, stdout, stderr }: Finished) =>
  `ended with ${code ?? signal}\n${stdout.slice(-TOLD_CHARACTERS)}\n${stderr.slice(-TOLD_CHARACTERS)}`;

/** The last line is the answer; a process that broke before it has none. */
function foundIn({ stdout }: Finished): Found | undefined {
  try {
    return JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as Found;
  } catch {
    return undefined;
  }
}

/** An assertion that failed, or a refusal of what has to be granted; not a program that did not even start. */
const broken = ({ code, stdout }: Finished) => code === 1 && /ERR_ASSERTION|^ {2}name: 'FfrtmpError'$/m.test(stdout);
const passed = ({ stdout }: Finished) => Number(/^# pass (\d+)$/m.exec(stdout)?.[1] ?? 0);

/** Puts the bug in, has its layer look, and takes it out again. */
export function hunt(ground: Ground, { edits, look, says }: Bug): Promise<Verdict> {
  const wanted = new RegExp(says);
  return withEdits(ground.copy, edits, async () => {
    if (look.layer === 'tests') {
      const finished = await askTests(ground, [look]);
      const line = finished.stdout.split('\n').find((one) => wanted.test(one));
      return { caught: broken(finished) ? line?.trim() : undefined, story: storyOf(finished), made: look };
    }
    const finished = await askTrials(ground, { looks: [look], says });
    const found = finished.code === 1 ? foundIn(finished) : undefined;
    const caught = found?.faults.find((fault) => wanted.test(fault));
    return { caught, story: storyOf(finished), made: { ...look, atMost: found?.tried ?? look.atMost } };
  });
}

const isTests = (look: Look): look is TestLook => look.layer === 'tests';
const isTrials = (look: Look): look is TrialLook => look.layer !== 'tests';

/** The same trials where there is no bug: what was found there, or what was not looked at; nothing when all is well. */
export async function falseAlarms(ground: Ground, made: readonly Look[]): Promise<string[]> {
  const tests = made.filter(isTests);
  const looks = made.filter(isTrials);
  const ran = await askTests(ground, tests);
  const looked = await askTrials(ground, { looks });
  const trials = looks.reduce((sum, { atMost }) => sum + atMost, 0);
  return [
    ...(ran.code === 0 && passed(ran) === new Set(tests.map(({ test }) => test)).size ? [] : [storyOf(ran)]),
    ...(looked.code === 0 && foundIn(looked)?.tried === trials ? [] : [storyOf(looked)]),
  ];
}

import { eachFile, isSource, isTest, type Rule, type Tree, type Violation } from '../rule.ts';

const MAX_LINES = 400;
/** A house of small files: half of them at most this long (aim 60 to 150). */
const MAX_MEDIAN_LINES = 120;
/** The lockfile is the largest honest text; anything above this is data that belongs elsewhere. */
const MAX_BYTES = 200_000;

const linesOf = (text: string) => text.split('\n').length - 1;
const isMeasured = (path: string) => /\.tsx?$/.test(path) && !path.includes('/migrations/');

function medianTooLong(tree: Tree): Violation[] {
  const lines = [...tree.files].filter(([path]) => isSource(path)).map(([, text]) => linesOf(text));
  const median = lines.sort((a, b) => a - b)[Math.floor(lines.length / 2)] ?? 0;
  return median > MAX_MEDIAN_LINES ? [`the median source file has ${median} lines, more than ${MAX_MEDIAN_LINES}`] : [];
}

const media =
  /\.(?:mp4|mkv|mov|webm|avi|ts\.gz|m4[asv]|mp3|wav|flac|ogg|y4m|yuv|h26[45]|hevc|ivf|gif|jpe?g|png|zip|gz|xz|zst|sqlite|db|node|wasm)$/i;
const pictures = /^docs\/.*\.(?:png|svg)$/;
const noteOfWork = new RegExp(`\\b(?:TO${'DO'}|FIX${'ME'}|XX${'X'})\\b|\\bnot (?:yet )?imple${'mented'}\\b`, 'i');
const machinePath = /(?<![\w.~*-])\/(?:work|root|home|Users)\/[\w.]/;
/** Host names that would tie the checkout to one package source; written apart so that this file passes its own rule. */
const registryHost = new RegExp(
  [
    'registry\\.npm' + 'js',
    'registry\\.yarn' + 'pkg',
    'npm' + 'mirror',
    'npm\\.pkg\\.' + 'github',
    'deb\\.' + 'debian\\.org',
  ].join('|'),
);

const matching = (pattern: RegExp) => (text: string) =>
  text
    .split('\n')
    .flatMap((line, index) => (pattern.test(line) ? [`line ${index + 1}: ${line.trim().slice(0, 100)}`] : []));

/** A wait for time to pass, in a test: it is too short on a slow machine and too long on every other. */
const sleeps = /from 'node:timers\/promises'|setTimeout\(\s*(?:resolve|done|res|r|ok)\b|\bsleep\s*\(\s*\d/;
const isAnyTest = (path: string) => isTest(path) && path.endsWith('.ts') && !path.startsWith('bench/');
const ownRules = (path: string) => path.startsWith('tests/house/rules/');

export const fileRules: readonly Rule[] = [
  {
    sentence: `No file is longer than ${MAX_LINES} lines, and half of them are at most ${MAX_MEDIAN_LINES}`,
    check: (tree) => [
      ...eachFile(tree, isMeasured, (text) => (linesOf(text) > MAX_LINES ? [`${linesOf(text)} lines`] : [])),
      ...medianTooLong(tree),
    ],
    planted: [{ 'cli/src/a.ts': '\n'.repeat(MAX_LINES + 1) }, { 'cli/src/a.ts': '\n'.repeat(MAX_MEDIAN_LINES + 1) }],
    allowed: [{ 'cli/src/a.ts': '\n'.repeat(MAX_MEDIAN_LINES), 'cli/src/b.ts': '\n' }],
  },
  {
    sentence: 'No media, archive, database or other large file is committed',
    check: (tree) =>
      [...tree.sizes].flatMap(([path, bytes]) => {
        if (media.test(path) && !pictures.test(path)) return [`${path}: a kind of file that does not belong here`];
        return bytes > MAX_BYTES ? [`${path}: ${bytes} bytes, more than ${MAX_BYTES}`] : [];
      }),
    planted: [{ 'tests/clip.mp4': '' }, { 'docs/data.json': 'x'.repeat(MAX_BYTES + 1) }],
    allowed: [{ 'docs/roles.png': '' }],
  },
  {
    sentence: 'Nothing is left for later in the text: no such notes, nothing that only pretends',
    check: (tree) => eachFile(tree, (path) => !ownRules(path), matching(noteOfWork)),
    planted: [{ 'a.ts': `// TO${'DO'}: later` }, { 'a.ts': `throw new Error('not imple${'mented'}')` }],
    allowed: [{ 'a.ts': 'const mastodon = 1;' }],
  },
  {
    sentence: 'No tracked file names a folder of one machine',
    check: (tree) => eachFile(tree, (path) => !ownRules(path), matching(machinePath)),
    planted: [{ 'a.ts': "const media = '/work/shared/media';" }, { 'docs/a.md': 'see /home/ann/ffrtmp' }],
    allowed: [{ 'a.ts': "'../shared/work/b.ts'; 'https://a.org/home/x'" }],
  },
  {
    sentence: 'No tracked file names a package registry',
    check: (tree) => eachFile(tree, (path) => !ownRules(path), matching(registryHost)),
    planted: [{ 'package-lock.json': `"https://registry.npm${'js'}.org/a"` }],
  },
  {
    sentence: 'Tests wait on events and never sleep',
    check: (tree) => eachFile(tree, (path) => isAnyTest(path) && !ownRules(path), matching(sleeps)),
    planted: [
      { 'tests/a.test.ts': "import { setTimeout as delay } from 'node:timers/promises';" },
      { 'master/src/a.test.ts': 'await new Promise((resolve) => setTimeout(resolve, 50));' },
    ],
    allowed: [{ 'tests/a.test.ts': 'const signal = AbortSignal.timeout(1000);' }],
  },
];

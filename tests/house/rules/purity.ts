import { eachFile, isSource, type Rule, withoutComments } from '../rule.ts';

/** Files that take values and return values: no clock, no chance, no process, no file. */
const pureFiles = [
  /^shared\/src\//,
  /^master\/src\/scheduling\//,
  /^master\/src\/jobs\/plan\.ts$/,
  /^worker\/src\/engines\/[^/]+\/(?:command|progress|classify)\.ts$/,
  /^worker\/src\/power\/(?:attribute|figures|idle|models\/(?:model|curves|choose|thread-watts))\.ts$/,
];
const isPure = (path: string) => isSource(path) && pureFiles.some((pattern) => pattern.test(path));

const impure: readonly [RegExp, string][] = [
  [/\bDate\.now\(|\bnew Date\(\s*\)|\bperformance\.now\(/, 'reads the clock'],
  [/\bMath\.random\(|\brandomUUID\(|\brandomBytes\(/, 'draws chance'],
  [/\bprocess\.(?!off\b)\w/, 'reads the process'],
  [/\bset(?:Timeout|Interval|Immediate)\(/, 'starts a timer'],
  [/from ['"]node:(?!path\b)/, 'imports a module with effects'],
];

function effectsOf(text: string): string[] {
  const code = withoutComments(text);
  return impure.flatMap(([pattern, finding]) => (pattern.test(code) ? [finding] : []));
}

/** The borders where a program meets its surroundings; everything behind them gets what it needs as arguments. */
const borders = [/^(?:master|worker|cli)\/src\/main\.ts$/, /^shared\/runtime\/src\/program\.ts$/, /^docs\/generate/];
const mayReadEnv = (path: string) => borders.some((pattern) => pattern.test(path));

export const purityRules: readonly Rule[] = [
  {
    sentence: 'Files that decide take values and return values: no clock, chance, process, timer or file',
    check: (tree) => eachFile(tree, isPure, effectsOf),
    planted: [
      { 'shared/src/a.ts': 'const now = Date.now();' },
      { 'master/src/scheduling/rank.ts': 'const now = new Date();' },
      { 'worker/src/engines/ffmpeg/command.ts': 'const x = Math.random();' },
      { 'worker/src/power/attribute.ts': "import { readFileSync } from 'node:fs';" },
      { 'master/src/jobs/plan.ts': 'if (process.env.X) a();' },
    ],
    allowed: [
      { 'shared/src/a.ts': '// Date.now() would be wrong here\nconst at = new Date(ms);' },
      { 'worker/src/power/sampler.ts': 'const now = performance.now();' },
    ],
  },
  {
    sentence: 'Only the outermost file of a program reads the environment',
    check: (tree) =>
      eachFile(
        tree,
        (path) => isSource(path) && !mayReadEnv(path),
        (text) => (/\bprocess\.env\b/.test(withoutComments(text)) ? ['reads process.env'] : []),
      ),
    planted: [{ 'master/src/jobs/submit.ts': 'const key = process.env.MASTER_API_KEY;' }],
    allowed: [{ 'master/src/main.ts': 'read(process.env);' }, { 'bench/a.ts': 'process.env.A' }],
  },
];

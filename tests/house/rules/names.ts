import { eachFile, isSource, type Rule, type Violation, withoutComments } from '../rule.ts';

const forbiddenFolder = /(?:^|\/)(utils?|helpers?|common|services?|managers?|misc|lib)\//;
const forbiddenFile =
  /(?:^|\/)(?:(?:utils?|helpers?|common|misc|types)|[\w-]+[-.]?(?:Manager|Service|Helper|Util|Utils|Base|Impl)|[\w-]+[-.](?:manager|service|helper|util|utils|base|impl))\.tsx?$/;
const forbiddenName =
  /\b(?:class|interface|type|enum)\s+(\w*(?:Manager|Service|Helper|Util|Utils|Base|Impl))\b(?=\s*(?:<|=|\{|extends|implements))/g;

/** Classes that are neither errors nor absent, each with the identity, lifetime or changing state that makes it one. */
const classes: Record<string, string> = {};

function strayClasses(text: string, path: string): string[] {
  const found = withoutComments(text).matchAll(/\bclass\s+(\w+)(?:\s+extends\s+([\w.]+))?/g);
  return [...found].flatMap(([, name = '', parent]) => {
    const isError = parent !== undefined && /Error$/.test(parent);
    return isError || classes[`${path}#${name}`]
      ? []
      : [`class ${name}: functions and plain data, or a reason in this rule`];
  });
}

function isBarrel(text: string): boolean {
  const code = withoutComments(text).trim();
  return (
    /^export\s+\*/m.test(code) ||
    (code !== '' && code.replace(/export\s+(?:type\s+)?\{[^}]*\}\s+from\s+['"][^'"]+['"];?/g, '').trim() === '')
  );
}

const namesOf = (text: string) => [...withoutComments(text).matchAll(forbiddenName)].map((match) => match[1] ?? '');

export const nameRules: readonly Rule[] = [
  {
    sentence: 'No folder is called utils, helpers, common, services or managers',
    check: (tree): Violation[] => [...tree.files.keys()].filter((path) => forbiddenFolder.test(path)),
    planted: [{ 'master/src/utils/a.ts': '' }, { 'cli/src/helpers/a.ts': '' }, { 'worker/services/a.ts': '' }],
    allowed: [{ 'master/src/commons.ts': '' }],
  },
  {
    sentence: 'No file, class or type is named Manager, Service, Helper, Util, Base or Impl',
    check: (tree) => [
      ...[...tree.files.keys()].filter((path) => forbiddenFile.test(path)),
      ...eachFile(tree, (path) => isSource(path), namesOf),
    ],
    planted: [
      { 'master/src/jobs/job-manager.ts': '' },
      { 'master/src/jobs/utils.ts': '' },
      { 'master/src/jobs/a.ts': 'export class JobService {}' },
      { 'master/src/jobs/a.ts': 'interface StoreBase<T> { a: T }' },
    ],
    allowed: [{ 'master/src/database/open.ts': 'type Database = { a: 1 };\nconst based = 1;' }],
  },
  {
    sentence: 'Functions and plain data: no class but errors and those with a written reason',
    check: (tree) => eachFile(tree, isSource, strayClasses),
    planted: [
      { 'worker/src/a.ts': 'export class Agent { run() {} }' },
      { 'a/src/b.ts': 'class B extends EventEmitter {}' },
    ],
    allowed: [{ 'worker/src/a.ts': 'export class Refused extends Error {}\n// a class of encoders' }],
  },
  {
    sentence: 'No file only hands on what others export',
    check: (tree) => eachFile(tree, isSource, (text) => (isBarrel(text) ? ['is a barrel file'] : [])),
    planted: [
      { 'shared/src/index.ts': "export * from './a.ts';" },
      { 'shared/src/all.ts': "export { a } from './a.ts';\nexport type { B } from './b.ts';\n" },
    ],
    allowed: [
      { 'shared/src/a.ts': "export type { Logger } from 'pino';\nexport const x = 1;" },
      { 'shared/src/e.ts': '' },
    ],
  },
];

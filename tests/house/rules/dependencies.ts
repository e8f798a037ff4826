import { eachFile, type Rule, type Tree, type Violation } from '../rule.ts';

interface Manifest {
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
  workspaces?: string[];
}

const isManifest = (path: string) => /(?:^|\/)package\.json$/.test(path);
const isLockfile = (path: string) => /(?:^|\/)package-lock\.json$/.test(path);

function dependenciesOf(text: string): [string, string][] {
  const manifest = JSON.parse(text) as Manifest;
  const kinds = [manifest.dependencies, manifest.devDependencies, manifest.optionalDependencies];
  return kinds.flatMap((kind) => Object.entries(kind ?? {}));
}

const unpinned = (text: string) =>
  dependenciesOf(text)
    .filter(([, version]) => !/^\d+\.\d+\.\d+(?:-[\w.]+)?$/.test(version))
    .map(([name, version]) => `${name} is "${version}": pin one exact version`);

/** A dependency is explained by a table row of docs/decisions/ that begins with its name in backticks. */
function unexplained(tree: Tree): Violation[] {
  const decisions = [...tree.files].filter(([path]) => path.startsWith('docs/decisions/')).map(([, text]) => text);
  const rows = decisions
    .join('\n')
    .split('\n')
    .filter((line) => line.startsWith('|'));
  const isExplained = (name: string) => rows.some((row) => row.split('|')[1]?.includes(`\`${name}\``));
  return eachFile(tree, isManifest, (text) =>
    dependenciesOf(text)
      .map(([name]) => name)
      .filter((name) => !name.startsWith('@ffrtmp/') && !isExplained(name))
      .map((name) => `${name} has no row in docs/decisions/`),
  );
}

/** The other way round: a first-column name of the dependency table that no manifest holds is out of date. */
function outdated(tree: Tree): Violation[] {
  const page = [...tree.files].find(([path]) => /^docs\/decisions\/0001-/.test(path));
  const known = new Set(
    [...tree.files]
      .filter(([path]) => isManifest(path))
      .flatMap(([, text]) => dependenciesOf(text).map(([name]) => name)),
  );
  const cells = (page?.[1] ?? '')
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => line.split('|')[1] ?? '');
  const names = cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? ''));
  return names.filter((name) => !known.has(name)).map((name) => `${page?.[0]}: ${name} is no dependency any more`);
}

export const dependencyRules: readonly Rule[] = [
  {
    sentence: 'Every dependency is pinned to one exact version',
    check: (tree) => eachFile(tree, isManifest, unpinned),
    planted: [
      { 'cli/package.json': '{"dependencies":{"zod":"^4.0.0"}}' },
      { 'package.json': '{"devDependencies":{"a":"latest"}}' },
    ],
    allowed: [{ 'package.json': '{"devDependencies":{"a":"1.2.3-beta.4"}}' }],
  },
  {
    sentence: 'Every dependency has its reason in docs/decisions, and none is explained that is not there',
    check: (tree) => [...unexplained(tree), ...outdated(tree)],
    planted: [
      { 'package.json': '{"dependencies":{"left-pad":"1.0.0"}}' },
      { 'package.json': '{}', 'docs/decisions/0001-dependencies.md': '| `gone` | why |' },
    ],
    allowed: [
      { 'package.json': '{"dependencies":{"a":"1.0.0"}}', 'docs/decisions/0001-dependencies.md': '| `a` | why |' },
    ],
  },
  {
    sentence: 'Lockfiles hold digests and no download addresses',
    check: (tree) =>
      eachFile(tree, isLockfile, (text) =>
        /"resolved":\s*"[a-z+]+:/i.test(text) ? ['holds "resolved" addresses'] : [],
      ),
    planted: [{ 'package-lock.json': '{"resolved": "https://example.org/a.tgz"}' }],
    allowed: [{ 'package-lock.json': '{"resolved": "shared/runtime", "link": true}' }],
  },
];

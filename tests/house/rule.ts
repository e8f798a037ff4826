/** The repository as the rules see it: path -> text. Binary files are present with empty text; sizes are apart. */
export interface Tree {
  files: ReadonlyMap<string, string>;
  sizes: ReadonlyMap<string, number>;
}

/** A violation as one line for a person: where, and what is wrong. */
export type Violation = string;

/**
 * One rule of the house. `planted` holds trees that break it, one a way of breaking it: a rule that cannot fail is not
 * a rule, so each is fed its planted trees before the repository. `allowed` holds near misses that must pass.
 */
export interface Rule {
  sentence: string;
  check: (tree: Tree) => Violation[];
  planted: readonly Record<string, string>[];
  allowed?: readonly Record<string, string>[];
}

export function treeOf(files: Record<string, string>): Tree {
  const entries = Object.entries(files);
  return { files: new Map(entries), sizes: new Map(entries.map(([path, text]) => [path, text.length])) };
}

export const isTest = (path: string) => path.endsWith('.test.ts') || /^(?:tests|bench)\//.test(path);
export const isSource = (path: string) => /\.tsx?$/.test(path) && !isTest(path);

/** Runs `find` on every file whose path passes, and prefixes each finding with its path. */
export function eachFile(
  tree: Tree,
  wanted: (path: string) => boolean,
  find: (text: string, path: string) => readonly string[],
): Violation[] {
  return [...tree.files]
    .filter(([path]) => wanted(path))
    .flatMap(([path, text]) => find(text, path).map((finding) => `${path}: ${finding}`));
}

const codeOrComment = /("(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`)|\/\*[\s\S]*?\*\/|\/\/[^\n]*/g;

/** TypeScript without its comments; strings stay. */
export const withoutComments = (text: string) =>
  text.replace(codeOrComment, (_, code: string | undefined) => code ?? '');

/** What a TypeScript file imports or re-exports, as written. */
export function importsOf(text: string): string[] {
  const found = withoutComments(text).matchAll(/(?:\bfrom\s*|\bimport\s*\(\s*|^\s*import\s+)['"]([^'"\n]+)['"]/gm);
  return [...found].flatMap((match) => match[1] ?? []);
}

/** `a/b/c.ts` and `../d.ts` -> `a/d.ts`. */
export function resolveRelative(from: string, specifier: string): string {
  const parts = from.split('/').slice(0, -1);
  for (const part of specifier.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '.') parts.push(part);
  }
  return parts.join('/');
}

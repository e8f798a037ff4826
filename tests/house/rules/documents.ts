import { referencePages } from '../../../docs/generate/pages.ts';
import { eachFile, type Rule, resolveRelative, type Tree, type Violation } from '../rule.ts';

const MAX_ARCHITECTURE_LINES = 200;

const isDocument = (path: string) => path.endsWith('.md');

/** Relative links of a Markdown text, without anchors; code blocks are left out. */
function linksOf(text: string): string[] {
  const prose = text.replace(/```[\s\S]*?```/g, '');
  const targets = [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1] ?? '');
  return targets.filter((target) => !/^(?:[a-z]+:|#)/i.test(target)).map((target) => target.replace(/#.*$/, ''));
}

function brokenLinks(tree: Tree): Violation[] {
  const paths = [...tree.files.keys()];
  const exists = (path: string) =>
    path === '' || paths.some((file) => file === path || file.startsWith(`${path.replace(/\/$/, '')}/`));
  return eachFile(tree, isDocument, (text, path) =>
    linksOf(text)
      .filter((target) => !exists(resolveRelative(path, target)))
      .map((target) => `the link to ${target} leads nowhere`),
  );
}

function staleReference(tree: Tree): Violation[] {
  const wanted = referencePages();
  const wrong = [...wanted]
    .filter(([path, text]) => tree.files.get(path) !== text)
    .map(([path]) => `${path}: differs from the code`);
  const folder = [...tree.files.keys()].filter((path) => /^docs\/reference\/[^/]+\.md$/.test(path));
  // The last figures of the fault campaign and of the speed gates come from long runs, not from this generator.
  const stray = folder.filter((path) => !wanted.has(path) && !/\/(?:campaign|bench)\.md$/.test(path));
  return [...wrong, ...stray.map((path) => `${path}: nothing generates it`)].map(
    (line) => `${line}; run make reference`,
  );
}

export const documentRules: readonly Rule[] = [
  {
    sentence: 'Links between the documents lead somewhere',
    check: brokenLinks,
    planted: [
      { 'README.md': 'see [the map](ARCHITECTURE.md)' },
      { 'docs/guide/a.md': '[x](../reference/nothing.md#top)' },
    ],
    allowed: [{ 'README.md': '[a](docs/a.md#x) [b](https://example.org) [c](#here) [d](docs/)', 'docs/a.md': '' }],
  },
  {
    sentence: `ARCHITECTURE.md has at most ${MAX_ARCHITECTURE_LINES} lines`,
    check: (tree) =>
      (tree.files.get('ARCHITECTURE.md') ?? '').split('\n').length > MAX_ARCHITECTURE_LINES + 1
        ? ['ARCHITECTURE.md is longer']
        : [],
    planted: [{ 'ARCHITECTURE.md': '\n'.repeat(MAX_ARCHITECTURE_LINES + 1) }],
    allowed: [{ 'ARCHITECTURE.md': '\n'.repeat(MAX_ARCHITECTURE_LINES) }],
  },
  {
    sentence: 'docs/reference says what the code says',
    check: staleReference,
    planted: [{ 'docs/reference/api.md': 'old' }],
    allowed: [Object.fromEntries(referencePages())],
  },
];

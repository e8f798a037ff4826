import { eachFile, importsOf, isSource, type Rule, resolveRelative, type Tree, type Violation } from '../rule.ts';

/** A tree's parts by path prefix, longest first, and the parts each may import. `zod` alone enters shared/src. */
const parts: readonly { root: string; name: string; workspace: string; may: readonly string[] }[] = [
  { root: 'shared/runtime/src/', name: 'runtime', workspace: '@ffrtmp/runtime', may: ['runtime', 'shared'] },
  { root: 'shared/src/', name: 'shared', workspace: '@ffrtmp/shared', may: ['shared'] },
  { root: 'advisor/src/', name: 'advisor', workspace: '@ffrtmp/advisor', may: ['advisor', 'shared'] },
  { root: 'master/src/', name: 'master', workspace: '@ffrtmp/master', may: ['master', 'advisor', 'runtime', 'shared'] },
  { root: 'worker/src/', name: 'worker', workspace: '@ffrtmp/worker', may: ['worker', 'runtime', 'shared'] },
  { root: 'cli/src/', name: 'cli', workspace: '@ffrtmp/cli', may: ['cli', 'advisor', 'runtime', 'shared'] },
];

const partOf = (path: string) => parts.find((part) => path.startsWith(part.root));

function importedPart(path: string, specifier: string): string | undefined {
  if (specifier.startsWith('.')) return partOf(resolveRelative(path, specifier))?.name ?? 'outside';
  return parts.find((part) => specifier === part.workspace || specifier.startsWith(`${part.workspace}/`))?.name;
}

function wrongParts(text: string, path: string): string[] {
  const own = partOf(path);
  if (!own) return [];
  return importsOf(text).flatMap((specifier) => {
    const target = importedPart(path, specifier);
    if (target !== undefined) return own.may.includes(target) ? [] : [`imports ${specifier}`];
    return own.name === 'shared' && specifier !== 'zod' ? [`imports ${specifier}; shared/src imports zod alone`] : [];
  });
}

/** Floors of the master from top to bottom; files of `master/src` itself count by their name. Nothing imports upwards. */
const floors: readonly (readonly string[])[] = [
  ['main'],
  ['master'],
  ['core'],
  ['wiring'],
  ['recovery', 'exporters'],
  ['dispatch'],
  ['nodes', 'jobs', 'queues', 'receipts', 'files', 'keys', 'tenants'],
  ['scheduling', 'pricing'],
  ['events'],
  ['http', 'database'],
  // Values without a floor of their own: the options, and the clock that everything is given.
  ['config', 'clock'],
];

const unitOf = (path: string) => /^master\/src\/([^/.]+)/.exec(path)?.[1] ?? '';
const floorOf = (unit: string) => floors.findIndex((floor) => floor.includes(unit));

function masterImports(path: string, text: string): string[] {
  const relative = importsOf(text).filter((specifier) => specifier.startsWith('.'));
  return relative.map((specifier) => resolveRelative(path, specifier)).filter((to) => to.startsWith('master/src/'));
}

function wrongFloors(text: string, path: string): string[] {
  const own = unitOf(path);
  if (floorOf(own) < 0) return [`"${own}" has no floor: DESIGN section 5 and this rule name them all`];
  return masterImports(path, text).flatMap((target) => {
    const other = unitOf(target);
    if (floorOf(other) >= 0 && floorOf(other) < floorOf(own)) return [`imports ${target}, which stands above it`];
    const sideways = other !== own && floorOf(other) === floorOf(own) && /(?:^|\/)store[^/]*\.ts$/.test(target);
    return sideways ? [`imports the store of its neighbour, ${target}`] : [];
  });
}

/** Top folder -> the other top folders of the same role it imports. Files beside the folders stand above them all. */
function folderGraph(tree: Tree, root: string): Map<string, Set<string>> {
  const graph = new Map<string, Set<string>>();
  const folderOf = (path: string) => /^([^/]+)\//.exec(path.slice(root.length))?.[1];
  for (const [path, text] of tree.files) {
    const own = path.startsWith(root) && isSource(path) ? folderOf(path) : undefined;
    if (own === undefined) continue;
    const edges = graph.get(own) ?? new Set<string>();
    graph.set(own, edges);
    for (const specifier of importsOf(text).filter((name) => name.startsWith('.'))) {
      const target = folderOf(resolveRelative(path, specifier));
      if (target !== undefined && target !== own) edges.add(target);
    }
  }
  return graph;
}

/** A way from `from` over other folders back to it, shortest first, or undefined. */
function wayBack(graph: Map<string, Set<string>>, from: string): string[] | undefined {
  const queue = [[from]];
  const seen = new Set<string>();
  for (let way = queue.shift(); way !== undefined; way = queue.shift()) {
    for (const next of graph.get(way.at(-1) ?? '') ?? []) {
      if (next === from) return [...way, next];
      if (!seen.has(next)) queue.push([...way, next]);
      seen.add(next);
    }
  }
  return undefined;
}

function folderCircles(tree: Tree): Violation[] {
  return ['master/src/', 'worker/src/', 'cli/src/'].flatMap((root) => {
    const graph = folderGraph(tree, root);
    const ways = [...graph.keys()].map((folder) => wayBack(graph, folder)).filter((way) => way !== undefined);
    return ways.map((way) => `${root}: ${way.join(' -> ')}`);
  });
}

export const directionRules: readonly Rule[] = [
  {
    sentence: 'Roles import shared/src and shared/runtime, never each other; shared/src imports zod alone',
    check: (tree) => eachFile(tree, isSource, wrongParts),
    planted: [
      { 'master/src/a.ts': "import { x } from '@ffrtmp/worker/agent/loop';" },
      { 'cli/src/a.ts': "import { x } from '../../master/src/config.ts';" },
      { 'shared/src/a.ts': "import { join } from 'node:path';" },
      { 'advisor/src/a.ts': "import { x } from '@ffrtmp/runtime/log';" },
      { 'worker/src/a.ts': "import { x } from '@ffrtmp/advisor/score';" },
      { 'shared/src/a.ts': "import type { Loop } from '@ffrtmp/runtime/loop';" },
      { 'shared/runtime/src/a.ts': "export { x } from '@ffrtmp/master/main';" },
      { 'worker/src/a.ts': "const x = await import('../../cli/src/main.ts');" },
    ],
    allowed: [
      { 'master/src/a.ts': "import { x } from '@ffrtmp/shared/job/state';\nimport { y } from './b.ts';" },
      { 'shared/src/a.ts': "import { z } from 'zod';\n// import { join } from 'node:path';" },
      { 'shared/src/a.test.ts': "import fc from 'fast-check';" },
    ],
  },
  {
    sentence: 'In the master nothing imports upwards, and no feature the store of its neighbour',
    check: (tree) => eachFile(tree, (path) => path.startsWith('master/src/') && isSource(path), wrongFloors),
    planted: [
      { 'master/src/database/open.ts': "import { submit } from '../jobs/submit.ts';" },
      { 'master/src/jobs/submit.ts': "import { wake } from '../dispatch/waiters.ts';" },
      { 'master/src/jobs/submit.ts': "import { insert } from '../nodes/store.ts';" },
      { 'master/src/things/a.ts': '' },
    ],
    allowed: [
      { 'master/src/dispatch/claim.ts': "import { insert } from '../jobs/store.ts';" },
      {
        'master/src/jobs/submit.ts':
          "import { insert } from './store.ts';\nimport { nodeName } from '../nodes/name.ts';",
      },
      { 'master/src/master.ts': "import { open } from './database/open.ts';" },
    ],
  },
  {
    sentence: 'The folders of a role form no circle',
    check: folderCircles,
    planted: [
      {
        'worker/src/engines/a.ts': "import { x } from '../power/b.ts';",
        'worker/src/power/b.ts': "import { x } from '../limits/c.ts';",
        'worker/src/limits/c.ts': "import { x } from '../engines/a.ts';",
      },
    ],
    allowed: [
      {
        'worker/src/engines/select.ts': "import { x } from './ffmpeg/run.ts';",
        'worker/src/engines/ffmpeg/run.ts': "import { x } from '../plan.ts';\nimport { y } from '../../power/b.ts';",
        'worker/src/power/b.ts': "import { x } from './c.ts';",
      },
    ],
  },
];

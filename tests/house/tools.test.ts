import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { repository } from './tree.ts';

/** Runs a tool of node_modules in the repository; its own words are the message of the failure. */
function passes(tool: string, args: string[]): void {
  const program = join(repository, 'node_modules', '.bin', tool);
  const ended = spawnSync(program, args, { cwd: repository, encoding: 'utf8' });
  assert.equal(ended.status, 0, `${tool} ${args.join(' ')}\n${ended.error ?? ''}${ended.stdout}${ended.stderr}`);
}

test('Biome finds nothing to format and nothing to say', () => {
  passes('biome', ['check', '--colors=off', '--max-diagnostics=100', '--error-on-warnings', '.']);
});

test('TypeScript finds no type error', () => {
  passes('tsc', ['-p', 'tsconfig.json', '--pretty', 'false']);
});

test('Every command of make that a page names, and every phony one, has a rule', () => {
  const read = (path: string) => readFileSync(join(repository, path), 'utf8');
  const makefile = read('Makefile');
  const rules = new Set([...makefile.matchAll(/^([a-z][a-z-]*):(?!=)/gm)].map(([, name]) => name));
  const listed = spawnSync('git', ['ls-files', '*.md'], { cwd: repository, encoding: 'utf8' });
  const pages = listed.stdout.split('\n').filter((path) => path !== '');
  assert.ok(pages.length > 5, `git lists its pages: ${listed.stderr}`);
  const named = pages.flatMap((path) =>
    [...read(path).matchAll(/(?:`make ([a-z][a-z-]*)|^make ([a-z-]+)(?= *$| {2}| [A-Z]+=))/gm)].map(
      ([, quoted, line]) => quoted ?? line ?? '',
    ),
  );
  const phony =
    /^\.PHONY:((?:.*\\\n)*.*)/m
      .exec(makefile)?.[1]
      ?.split(/[\s\\]+/)
      .filter((name) => name !== '') ?? [];
  assert.ok(named.includes('demo') && phony.includes('campaign'), 'both lists are read');
  assert.deepEqual(
    [...named, ...phony].filter((name) => !rules.has(name)),
    [],
  );
});

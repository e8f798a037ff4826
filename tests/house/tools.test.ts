import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
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

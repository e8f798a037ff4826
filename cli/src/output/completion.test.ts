import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { Command } from 'commander';
import { completionScript, shells, wordTable } from './completion.ts';

function tree(): Command {
  const program = new Command('ffrtmp').option('--output <F>');
  const jobs = program.command('jobs');
  jobs.command('submit').option('--crf <N>');
  jobs.command('cancel');
  return program;
}

test('the words come out of the command tree', () => {
  const table = wordTable(tree());
  assert.deepEqual(table.get(''), ['jobs', '--output', '--help']);
  assert.deepEqual(table.get('jobs'), ['submit', 'cancel', '--output', '--help']);
  assert.deepEqual(table.get('jobs submit'), ['--crf', '--output', '--help']);
});

test('bash completes nouns, verbs and flags', () => {
  const script = completionScript('bash', wordTable(tree()));
  const complete = (words: string) =>
    execFileSync(
      'bash',
      [
        '-c',
        `${script}\nCOMP_WORDS=(${words}); COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); _ffrtmp; echo "\${COMPREPLY[*]}"`,
      ],
      {
        encoding: 'utf8',
      },
    ).trim();
  assert.equal(complete('ffrtmp j'), 'jobs');
  assert.equal(complete('ffrtmp jobs c'), 'cancel');
  assert.equal(complete('ffrtmp jobs submit --c'), '--crf');
});

test('every shell gets a script that names the verbs', () => {
  for (const shell of shells) assert.match(completionScript(shell, wordTable(tree())), /cancel/);
});

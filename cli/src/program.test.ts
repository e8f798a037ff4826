import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Command } from 'commander';
import { createCli } from './cli.ts';
import { buildProgram } from './program.ts';

function tree() {
  const text: string[] = [];
  const stream = { write: (part: string) => text.push(part) > 0 };
  const signal = new AbortController().signal;
  const cli = createCli({ env: {}, cwd: '/', stdout: stream, stderr: stream, signal, flags: () => ({}) });
  return { program: buildProgram(cli), text };
}

const leaves = (command: Command): Command[] =>
  command.commands.length === 0 ? [command] : command.commands.flatMap(leaves);

test('the help of every command has a description and examples', () => {
  const { program, text } = tree();
  for (const command of leaves(program)) {
    text.length = 0;
    command.outputHelp();
    const help = text.join('');
    assert.ok(command.description() !== '', `${command.name()} has no description`);
    assert.match(help, /Examples:\n {2}(ffrtmp|source) /, `${command.parent?.name()} ${command.name()} has no example`);
  }
});

test('a mistyped command or flag is refused with the nearest name', async () => {
  for (const [words, suggestion] of [
    [['job', 'list'], 'jobs'],
    [['jobs', 'watc'], 'watch'],
    [['jobs', 'submit', '--prioritty', 'high'], '--priority'],
    [['queues', 'paus', 'batch'], 'pause'],
  ] as const) {
    const { program, text } = tree();
    await assert.rejects(program.parseAsync(['node', 'ffrtmp', ...words]), { code: /^commander\.unknown/ });
    assert.match(text.join(''), new RegExp(`Did you mean ${suggestion}\\?`));
  }
});

test('a value that cannot be meant is refused before the master is asked, and the message says what could be', async () => {
  for (const [words, message] of [
    [['queues', 'pause', 'bach'], /Allowed choices are live, default, batch/],
    [['queues', 'set', 'batch'], /name --max-running or --max-queued/],
    [['queues', 'set', 'batch', '--max-running', 'many'], /Write a whole number, or none/],
    [['jobs', 'update', '1'], /name --queue, --priority or --deadline/],
    [['jobs', 'submit', '--cpu-threads', '0'], /^--cpu-threads: /],
  ] as const) {
    const { program, text } = tree();
    const refused = await program.parseAsync(['node', 'ffrtmp', ...words]).then(() => undefined, String);
    assert.match(`${text.join('')}${refused?.replace(/^\w+: /, '')}`, message);
  }
});

import type { Command } from 'commander';
import { createCli } from '../../cli/src/cli.ts';
import { buildProgram } from '../../cli/src/program.ts';
import { page } from './markdown.ts';

/** Of the help texts, whatever terminal they are made on. */
const WIDTH = 110;

function helpOf(command: Command): string {
  let text = '';
  command.configureOutput({
    writeOut: (part) => {
      text += part;
    },
    getOutHelpWidth: () => WIDTH,
    getOutHasColors: () => false,
  });
  // The global options stand once, at the top.
  command.configureHelp({ showGlobalOptions: false });
  command.outputHelp();
  return text.trim();
}

function sections(command: Command, words: string): string[] {
  const own = [`## ${words}`, `\`\`\`\n${helpOf(command)}\n\`\`\``];
  return [...own, ...command.commands.flatMap((inner) => sections(inner, `${words} ${inner.name()}`))];
}

export function cliPage(): string {
  const silent = { write: () => true };
  const signal = new AbortController().signal;
  const cli = createCli({ env: {}, cwd: '.', stdout: silent, stderr: silent, signal, flags: () => ({}) });
  return page('The command line', [
    'The help of every command, as `--help` prints it. Exit codes are those of [the error table](errors.md).',
    ...sections(buildProgram(cli), 'ffrtmp'),
  ]);
}

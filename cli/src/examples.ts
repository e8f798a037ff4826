import type { Command } from 'commander';

/** Adds examples below a command's help; the first one is what most people came for. */
export function examples(command: Command, lines: readonly string[]): Command {
  return command.addHelpText('after', `\nExamples:\n${lines.map((line) => `  ${line}`).join('\n')}`);
}

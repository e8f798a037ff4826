import { Argument, type Command } from 'commander';
import type { Cli } from '../cli.ts';
import { examples } from '../examples.ts';
import { completionScript, shells, wordTable } from '../output/completion.ts';

export function completionCommand(program: Command, cli: Cli): void {
  const command = program
    .command('completion')
    .description('print the completion script of a shell')
    .addArgument(new Argument('<SHELL>', 'which shell').choices(shells))
    .action((shell: (typeof shells)[number]) => {
      cli.stdout.write(completionScript(shell, wordTable(program)));
    });
  examples(command, [
    'source <(ffrtmp completion bash)',
    'ffrtmp completion zsh > ~/.zfunc/_ffrtmp',
    'ffrtmp completion fish > ~/.config/fish/completions/ffrtmp.fish',
  ]);
}

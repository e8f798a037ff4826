import { profileSchema } from '@ffrtmp/shared/energy/profile';
import type { Command } from 'commander';
import type { Cli } from '../cli.ts';
import { examples } from '../examples.ts';
import { profileText } from '../output/profile.ts';
import { askAgent, throwEnding } from '../processes/agent-json.ts';

/** Needs the machine for itself, and RAPL or a meter as its reference: without one it says so and ends with code 9. */
export function calibrateCommand(program: Command, cli: Cli): void {
  const command = program
    .command('calibrate')
    .description('measure what this machine draws at idle, half and full load, for its kind where no sensor works')
    .argument('[AGENT-FLAGS...]', 'flags of the agent, after --')
    .action(async (words: string[]) => {
      const answer = await askAgent(cli, 'calibrate', words, profileSchema);
      const { value } = answer;
      if (value) cli.print(value, () => profileText(value));
      throwEnding(answer);
    });
  examples(command, [
    'ffrtmp calibrate',
    'ffrtmp calibrate -- --meter-url http://plug/status --meter-path emeters.0.power',
    'ffrtmp calibrate --output json > epyc-9554.json',
  ]);
}

import { diagnosisSchema } from '@ffrtmp/shared/node/diagnosis';
import type { Command } from 'commander';
import type { Cli } from '../cli.ts';
import { examples } from '../examples.ts';
import { diagnosisText } from '../output/diagnosis.ts';
import { askAgent, throwEnding } from '../processes/agent-json.ts';

/** The agent knows its machine: it is asked, and speaks for itself. */
export function doctorCommand(program: Command, cli: Cli): void {
  const command = program
    .command('doctor')
    .description('look at this machine as a worker: power sensors, ffmpeg, encoders, disk, clock, way to the master')
    .argument('[AGENT-FLAGS...]', 'flags of the agent, after --')
    .action(async (words: string[]) => {
      const answer = await askAgent(cli, 'doctor', words, diagnosisSchema);
      const { value } = answer;
      if (value) cli.print(value, () => diagnosisText(value));
      throwEnding(answer);
    });
  examples(command, [
    'ffrtmp doctor',
    'ffrtmp doctor --output json',
    'ffrtmp doctor -- --powercap-root /host/powercap --meter-url http://plug/status',
  ]);
}

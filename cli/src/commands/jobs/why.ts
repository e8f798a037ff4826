import { jobOperations } from '@ffrtmp/shared/contract/jobs';
import type { Command } from 'commander';
import type { Cli } from '../../cli.ts';
import { examples } from '../../examples.ts';
import { whyText } from '../../output/why.ts';

export function jobsWhy(jobs: Command, cli: Cli): void {
  const command = jobs
    .command('why')
    .description('why a job is not running: what holds it, what the nodes lack, what stands before it')
    .argument('<ID>', 'UUID or sequence number')
    .action((id: string) =>
      cli.withMaster(async (master) => {
        const { reply, body } = await master.exchange(jobOperations.why, { params: { id } });
        cli.print(body, () => whyText(reply));
      }),
    );
  examples(command, ['ffrtmp jobs why 7']);
}

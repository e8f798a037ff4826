import { jobOperations } from '@ffrtmp/shared/contract/jobs';
import type { Command } from 'commander';
import type { Cli } from '../../cli.ts';
import { examples } from '../../examples.ts';
import { jobDetails } from '../../output/job.ts';

export function jobsGet(jobs: Command, cli: Cli): void {
  const command = jobs
    .command('get')
    .alias('status')
    .description('show one job')
    .argument('<ID>', 'UUID or sequence number')
    .action((id: string) =>
      cli.withMaster(async (master) => {
        const { reply, body } = await master.exchange(jobOperations.get, { params: { id } });
        cli.print(body, () => jobDetails(reply));
      }),
    );
  examples(command, ['ffrtmp jobs get 7', 'ffrtmp jobs status 7 --output json']);
}

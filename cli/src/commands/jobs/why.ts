import { jobOperations } from '@ffrtmp/shared/contract/jobs';
import type { Command } from 'commander';
import type { Cli } from '../../cli.ts';
import { examples } from '../../examples.ts';
import { plain } from '../../output/text.ts';

export function jobsWhy(jobs: Command, cli: Cli): void {
  const command = jobs
    .command('why')
    .description('say in one sentence why a job is not running')
    .argument('<ID>', 'UUID or sequence number')
    .action((id: string) =>
      cli.withMaster(async (master) => {
        const { reply, body } = await master.exchange(jobOperations.why, { params: { id } });
        cli.print(body, () => plain(reply.message));
      }),
    );
  examples(command, ['ffrtmp jobs why 7']);
}

import { jobOperations } from '@ffrtmp/shared/contract/jobs';
import { type Priority, priorities, type Queue, queues } from '@ffrtmp/shared/job/job';
import { type Command, Option } from 'commander';
import type { Cli } from '../../cli.ts';
import { examples } from '../../examples.ts';
import { jobDetails } from '../../output/job.ts';

export function jobsUpdate(jobs: Command, cli: Cli): void {
  const command = jobs
    .command('update')
    .description('change queue or priority of a job that has not ended')
    .argument('<ID>', 'UUID or sequence number')
    .addOption(new Option('--queue <QUEUE>').choices(queues))
    .addOption(new Option('--priority <PRIORITY>').choices(priorities))
    .action((id: string, change: { queue?: Queue; priority?: Priority }) =>
      cli.withMaster(async (master) => {
        const { reply, body } = await master.exchange(jobOperations.update, { params: { id }, body: change });
        cli.print(body, () => jobDetails(reply));
      }),
    );
  examples(command, ['ffrtmp jobs update 7 --priority high']);
}

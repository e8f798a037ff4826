import { FfrtmpError } from '@ffrtmp/shared/contract/errors';
import { jobOperations } from '@ffrtmp/shared/contract/jobs';
import { type Priority, priorities, type Queue, queues } from '@ffrtmp/shared/job/job';
import { type Command, Option } from 'commander';
import type { Cli } from '../../cli.ts';
import { examples } from '../../examples.ts';
import { jobDetails } from '../../output/job.ts';

interface Change {
  queue?: Queue;
  priority?: Priority;
  deadline?: string;
}

export function jobsUpdate(jobs: Command, cli: Cli): void {
  const command = jobs
    .command('update')
    .description('change queue, priority or deadline of a job that has not ended')
    .argument('<ID>', 'UUID or sequence number')
    .addOption(new Option('--queue <QUEUE>', 'move it to this queue').choices(queues))
    .addOption(new Option('--priority <PRIORITY>', 'its order within the queue').choices(priorities))
    .option('--deadline <TIME>', 'when it should be done, e.g. 2026-11-20T18:00:00Z; none takes it away')
    .action((id: string, change: Change) => {
      if (Object.keys(change).length === 0)
        throw new FfrtmpError('invalid_request', 'name --queue, --priority or --deadline');
      const wanted = { ...change, ...(change.deadline === 'none' ? { deadline: null } : {}) };
      return cli.withMaster(async (master) => {
        const { reply, body } = await master.exchange(jobOperations.update, { params: { id }, body: wanted });
        cli.print(body, () => jobDetails(reply));
      });
    });
  examples(command, [
    'ffrtmp jobs update 7 --priority high',
    'ffrtmp jobs update 7 --queue live --deadline 2026-11-20T18:00:00Z',
    'ffrtmp jobs update 7 --deadline none',
  ]);
}

import { queueOperations } from '@ffrtmp/shared/contract/queues';
import type { Queue } from '@ffrtmp/shared/job/job';
import type { Command } from 'commander';
import type { Cli } from '../../cli.ts';
import { examples } from '../../examples.ts';
import { count } from '../../output/text.ts';
import { queueArgument } from './name.ts';

export function queuesResume(queues: Command, cli: Cli): void {
  const command = queues
    .command('resume')
    .description('end the pause of a queue')
    .addArgument(queueArgument())
    .action((queue: Queue) =>
      cli.withMaster(async (master) => {
        const { reply, body } = await master.exchange(queueOperations.resume, { params: { queue } });
        cli.print(
          body,
          () => `queue ${queue} goes on: ${count(reply.ready, 'task')} waiting, ${reply.running} running`,
        );
      }),
    );
  examples(command, ['ffrtmp queues resume batch']);
}

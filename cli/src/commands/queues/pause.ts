import { queueOperations } from '@ffrtmp/shared/contract/queues';
import type { Queue } from '@ffrtmp/shared/job/job';
import type { Command } from 'commander';
import type { Cli } from '../../cli.ts';
import { examples } from '../../examples.ts';
import { count } from '../../output/text.ts';
import { queueArgument } from './name.ts';

export function queuesPause(queues: Command, cli: Cli): void {
  const command = queues
    .command('pause')
    .description('start nothing more from a queue; what runs goes on, what is submitted waits')
    .addArgument(queueArgument())
    .action((queue: Queue) =>
      cli.withMaster(async (master) => {
        const { reply, body } = await master.exchange(queueOperations.pause, { params: { queue } });
        cli.print(
          body,
          () =>
            `queue ${queue} is paused: ${count(reply.ready, 'task')} of it wait, ${reply.running} still run; ` +
            `ffrtmp queues resume ${queue} ends it`,
        );
      }),
    );
  examples(command, ['ffrtmp queues pause batch']);
}

import { nearest } from '@ffrtmp/shared/config';
import { queueOperations } from '@ffrtmp/shared/contract/queues';
import type { Command } from 'commander';
import type { Cli } from '../../cli.ts';
import { examples } from '../../examples.ts';
import { queuesText } from '../../output/queue.ts';

export function queuesList(queues: Command, cli: Cli): void {
  const command = queues
    // `ffrtmp queues` alone asks for this.
    .command('list', { isDefault: true })
    .alias('ls')
    .description('what waits and runs in each queue, and its caps; by priority with --output json')
    .allowExcessArguments()
    .action(() => {
      refuseUnknown(queues, command.args);
      return cli.withMaster(async (master) => {
        const { reply, body } = await master.exchange(queueOperations.list, {});
        cli.print(body, () => queuesText(reply.order, reply.queues));
      });
    });
  examples(command, ['ffrtmp queues', 'ffrtmp queues list --output json']);
}

/** Whatever is no verb ends at the default one, and would be called an argument too many. */
function refuseUnknown(queues: Command, words: readonly string[]): void {
  const [word] = words;
  if (word === undefined) return;
  const near = nearest(
    word,
    queues.commands.map((verb) => verb.name()),
  );
  const advice = near === undefined ? '' : `\n(Did you mean ${near}?)`;
  queues.error(`error: unknown command '${word}'${advice}`, { code: 'commander.unknownCommand' });
}

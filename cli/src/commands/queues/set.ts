import { FfrtmpError } from '@ffrtmp/shared/contract/errors';
import { queueOperations } from '@ffrtmp/shared/contract/queues';
import type { Queue } from '@ffrtmp/shared/job/job';
import { type Command, InvalidArgumentError } from 'commander';
import type { Cli } from '../../cli.ts';
import { examples } from '../../examples.ts';
import { queueTable } from '../../output/queue.ts';
import { queueArgument } from './name.ts';

interface Caps {
  maxRunning?: string;
  maxQueued?: string;
}

export function queuesSet(queues: Command, cli: Cli): void {
  const command = queues
    .command('set')
    .description('set or take away the caps of a queue')
    .addArgument(queueArgument())
    .option('--max-running <N>', 'attempts of the queue that may run at once; none takes the cap away', checkCap)
    .option('--max-queued <N>', 'ready tasks above which a submit is answered 429; none takes the cap away', checkCap)
    .action((queue: Queue, caps: Caps) => {
      if (caps.maxRunning === undefined && caps.maxQueued === undefined)
        throw new FfrtmpError('invalid_request', 'name --max-running or --max-queued');
      return cli.withMaster(async (master) => {
        const change = { max_running: capOf(caps.maxRunning), max_queued: capOf(caps.maxQueued) };
        const { reply, body } = await master.exchange(queueOperations.update, { params: { queue }, body: change });
        cli.print(body, () => queueTable([reply]));
      });
    });
  examples(command, ['ffrtmp queues set batch --max-running 4', 'ffrtmp queues set batch --max-queued none']);
}

/** Text, because commander takes a null for a flag without a value. */
function checkCap(text: string): string {
  if (text !== 'none' && !/^\d+$/.test(text)) throw new InvalidArgumentError('Write a whole number, or none.');
  return text;
}

const capOf = (text: string | undefined) => (text === undefined ? undefined : text === 'none' ? null : Number(text));

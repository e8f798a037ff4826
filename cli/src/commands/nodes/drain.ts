import { nodeOperations } from '@ffrtmp/shared/contract/nodes';
import type { Command } from 'commander';
import type { Cli } from '../../cli.ts';
import { examples } from '../../examples.ts';
import { plain } from '../../output/text.ts';
import { nodeId } from './find.ts';

export function nodesDrain(nodes: Command, cli: Cli): void {
  const command = nodes
    .command('drain')
    .description('let a node finish what it runs and give it nothing new')
    .argument('<NODE>', 'address or UUID')
    .action((name: string) =>
      cli.withMaster(async (master) => {
        const id = await nodeId(master, name);
        const { reply, body } = await master.exchange(nodeOperations.drain, { params: { id } });
        cli.print(
          body,
          () => `node ${plain(reply.address)} is ${reply.status}, runs ${reply.running} of ${reply.slots}`,
        );
      }),
    );
  examples(command, ['ffrtmp nodes drain worker-01']);
}

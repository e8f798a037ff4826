import { nodeOperations } from '@ffrtmp/shared/contract/nodes';
import type { Command } from 'commander';
import type { Cli } from '../../cli.ts';
import { examples } from '../../examples.ts';
import { nodeList } from '../../output/node.ts';

export function nodesList(nodes: Command, cli: Cli): void {
  const command = nodes
    .command('list')
    .alias('ls')
    .description('list all nodes')
    .action(() =>
      cli.withMaster(async (master) => {
        const { reply, body } = await master.exchange(nodeOperations.list, {});
        const none = 'no nodes yet; `ffrtmp tokens create` makes the token that lets one join';
        cli.print(body, () => (reply.nodes.length === 0 ? none : nodeList(reply.nodes, Date.now())));
      }),
    );
  examples(command, ['ffrtmp nodes list', 'ffrtmp nodes list --output json']);
}

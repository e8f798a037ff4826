import { nodeOperations } from '@ffrtmp/shared/contract/nodes';
import type { Command } from 'commander';
import type { Cli } from '../../cli.ts';
import { examples } from '../../examples.ts';
import { nodeDetails } from '../../output/node.ts';
import { nodeId } from './find.ts';

export function nodesGet(nodes: Command, cli: Cli): void {
  const command = nodes
    .command('get')
    .description('show one node: its hardware, its proven encoders, its energy sources')
    .argument('<NODE>', 'address or UUID')
    .action((name: string) =>
      cli.withMaster(async (master) => {
        const id = await nodeId(master, name);
        const { reply, body } = await master.exchange(nodeOperations.get, { params: { id } });
        cli.print(body, () => nodeDetails(reply));
      }),
    );
  examples(command, ['ffrtmp nodes get worker-01']);
}

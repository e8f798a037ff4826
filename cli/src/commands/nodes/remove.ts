import { nodeOperations } from '@ffrtmp/shared/contract/nodes';
import type { Command } from 'commander';
import type { Cli } from '../../cli.ts';
import { examples } from '../../examples.ts';
import { nodeId } from './find.ts';

export function nodesRemove(nodes: Command, cli: Cli): void {
  const command = nodes
    .command('remove')
    .description('forget a node that runs nothing; its credential ends')
    .argument('<NODE>', 'address or UUID')
    .action((name: string) =>
      cli.withMaster(async (master) => {
        const id = await nodeId(master, name);
        const { body } = await master.exchange(nodeOperations.remove, { params: { id } });
        cli.print(body, () => `node ${name} is removed`);
      }),
    );
  examples(command, ['ffrtmp nodes remove worker-01']);
}

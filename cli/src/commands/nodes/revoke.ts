import { nodeOperations } from '@ffrtmp/shared/contract/nodes';
import type { Command } from 'commander';
import type { Cli } from '../../cli.ts';
import { examples } from '../../examples.ts';
import { nodeId } from './find.ts';

export function nodesRevoke(nodes: Command, cli: Cli): void {
  const command = nodes
    .command('revoke')
    .description('end a node’s credential at once; its work goes elsewhere')
    .argument('<NODE>', 'address or UUID')
    .action((name: string) =>
      cli.withMaster(async (master) => {
        const id = await nodeId(master, name);
        const { body } = await master.exchange(nodeOperations.revoke, { params: { id } });
        cli.print(body, () => `node ${name} is shut out: its credential has ended`);
      }),
    );
  examples(command, ['ffrtmp nodes revoke worker-01']);
}

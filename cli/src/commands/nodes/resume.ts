import { nodeOperations } from '@ffrtmp/shared/contract/nodes';
import type { Command } from 'commander';
import type { Cli } from '../../cli.ts';
import { examples } from '../../examples.ts';
import { plain } from '../../output/text.ts';
import { nodeId } from './find.ts';

export function nodesResume(nodes: Command, cli: Cli): void {
  const command = nodes
    .command('resume')
    .description('end a drain')
    .argument('<NODE>', 'address or UUID')
    .action((name: string) =>
      cli.withMaster(async (master) => {
        const id = await nodeId(master, name);
        const { reply, body } = await master.exchange(nodeOperations.resume, { params: { id } });
        cli.print(
          body,
          () => `node ${plain(reply.address)} is ${reply.status}, runs ${reply.running} of ${reply.slots}`,
        );
      }),
    );
  examples(command, ['ffrtmp nodes resume worker-01']);
}

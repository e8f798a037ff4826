import { nodeOperations } from '@ffrtmp/shared/contract/nodes';
import { type PowerGrouping, powerGroupings } from '@ffrtmp/shared/node/power';
import { type Command, Option } from 'commander';
import type { Cli } from '../../cli.ts';
import { examples } from '../../examples.ts';
import { nodeEnergyText } from '../../output/node-energy.ts';
import { nodeId } from './find.ts';

export function nodesEnergy(nodes: Command, cli: Cli): void {
  const command = nodes
    .command('energy')
    .description('energy of a whole node by day or hour, and of the attempts that ended on it')
    .argument('<NODE>', 'address or UUID')
    .option('--since <TIME>', 'from the day or hour of this time on, e.g. 2026-11-20T00:00:00Z')
    .option('--until <TIME>', 'up to the day or hour of this time; attempts that ended before it')
    .addOption(new Option('--by <PERIOD>', 'one line a day, or an hour of at most 31 days').choices(powerGroupings))
    .action((name: string, query: { since?: string; until?: string; by?: PowerGrouping }) =>
      cli.withMaster(async (master) => {
        const id = await nodeId(master, name);
        const { reply, body } = await master.exchange(nodeOperations.energy, { params: { id }, query });
        cli.print(body, () => nodeEnergyText(reply));
      }),
    );
  examples(command, [
    'ffrtmp nodes energy worker-01',
    'ffrtmp nodes energy worker-01 --by hour --since 2026-11-20T00:00:00Z',
  ]);
}

import { nodeOperations } from '@ffrtmp/shared/contract/nodes';
import type { Command } from 'commander';
import type { Cli } from '../../cli.ts';
import { examples } from '../../examples.ts';
import { figureOrigin, figureText } from '../../output/figure.ts';
import { renderPairs } from '../../output/table.ts';
import { nodeId } from './find.ts';

export function nodesEnergy(nodes: Command, cli: Cli): void {
  const command = nodes
    .command('energy')
    .description('energy of the attempts that ended on a node')
    .argument('<NODE>', 'address or UUID')
    .option('--since <TIME>', 'only attempts that ended at or after this time, e.g. 2026-11-20T00:00:00Z')
    .option('--until <TIME>', 'only attempts that ended before this time')
    .action((name: string, query: { since?: string; until?: string }) =>
      cli.withMaster(async (master) => {
        const id = await nodeId(master, name);
        const { reply, body } = await master.exchange(nodeOperations.energy, { params: { id }, query });
        cli.print(body, () =>
          renderPairs([
            ['attempts', String(reply.attempts)],
            ...reply.energy.flatMap((figure): [string, string][] => [
              [figure.name === 'energy_active' ? 'active energy' : 'full energy', figureText(figure)],
              ['', figureOrigin(figure)],
            ]),
          ]),
        );
      }),
    );
  examples(command, ['ffrtmp nodes energy worker-01', 'ffrtmp nodes energy worker-01 --since 2026-11-20T00:00:00Z']);
}

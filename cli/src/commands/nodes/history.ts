import { nodeOperations } from '@ffrtmp/shared/contract/nodes';
import { formatBytes } from '@ffrtmp/shared/media/units';
import type { Capabilities } from '@ffrtmp/shared/node/capabilities';
import type { Command } from 'commander';
import type { Cli } from '../../cli.ts';
import { examples } from '../../examples.ts';
import { renderTable } from '../../output/table.ts';
import { orDash } from '../../output/text.ts';
import { nodeId } from './find.ts';

export function nodesHistory(nodes: Command, cli: Cli): void {
  const command = nodes
    .command('history')
    .description('how a node’s hardware facts changed over time, newest first')
    .argument('<NODE>', 'address or UUID')
    .option('--limit <N>', 'at most so many profiles')
    .action((name: string, query: { limit?: string }) =>
      cli.withMaster(async (master) => {
        const id = await nodeId(master, name);
        const { reply, body } = await master.exchange(nodeOperations.history, { params: { id }, query });
        const heads = ['FROM', 'CPU', 'THREADS', 'RAM', 'GPU', 'ENERGY', 'FFMPEG', 'ENCODERS'];
        const rows = reply.profiles.map(({ valid_from, facts }) => [valid_from, ...cells(facts)]);
        cli.print(body, () =>
          renderTable(
            heads.map((head) => ({ head })),
            rows,
          ),
        );
      }),
    );
  examples(command, ['ffrtmp nodes history worker-01']);
}

const cells = (facts: Capabilities) => [
  facts.cpu_model,
  String(facts.cpu_threads),
  formatBytes(facts.ram_bytes),
  facts.has_gpu ? orDash(facts.gpu_type) : 'none',
  orDash(facts.power_sources[0]?.quality),
  orDash(facts.ffmpeg_version),
  orDash(
    facts.encoders
      .filter((encoder) => encoder.works)
      .map((encoder) => encoder.name)
      .join(' '),
  ),
];

import { FfrtmpError } from '@ffrtmp/shared/contract/errors';
import { keyOperations } from '@ffrtmp/shared/contract/keys';
import { parseDurationMs } from '@ffrtmp/shared/media/units';
import type { Command } from 'commander';
import type { Cli } from '../../cli.ts';
import { examples } from '../../examples.ts';
import { joinLine } from '../../output/join.ts';

export function tokensCreate(tokens: Command, cli: Cli): void {
  const command = tokens
    .command('create')
    .description('make a join token for new workers and print the line that uses it')
    .option('--ttl <DURATION>', 'how long it lets workers join, e.g. 30m or 7d', '24h')
    .action((options: { ttl: string }) =>
      cli.withMaster(async (master) => {
        const ms = parseDurationMs(options.ttl);
        if (ms === undefined) throw new FfrtmpError('invalid_request', `--ttl ${options.ttl}: write 30m, 24h or 7d`);
        const { reply, body } = await master.exchange(keyOperations.createToken, {
          body: { ttl_s: Math.round(ms / 1000) },
        });
        cli.print(body, () => joinLine(master.connection.url, reply));
      }),
    );
  examples(command, ['ffrtmp tokens create', 'ffrtmp tokens create --ttl 1h --output json']);
}

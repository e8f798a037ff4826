import { keyOperations } from '@ffrtmp/shared/contract/keys';
import type { Command } from 'commander';
import type { Cli } from '../../cli.ts';
import { examples } from '../../examples.ts';
import { renderTable } from '../../output/table.ts';
import { orDash } from '../../output/text.ts';

export function keysList(keys: Command, cli: Cli): void {
  const command = keys
    .command('list')
    .alias('ls')
    .description('list keys and join tokens, without their secrets')
    .action(() =>
      cli.withMaster(async (master) => {
        const { reply, body } = await master.exchange(keyOperations.list, {});
        const heads = ['ROLE', 'NAME', 'STATE', 'CREATED', 'EXPIRES', 'ID'];
        const rows = reply.keys.map((key) => [
          ...[key.role, key.name, key.revoked_at === null ? 'valid' : 'revoked'],
          ...[key.created_at, orDash(key.expires_at), key.id],
        ]);
        cli.print(body, () =>
          renderTable(
            heads.map((head) => ({ head })),
            rows,
          ),
        );
      }),
    );
  examples(command, ['ffrtmp keys list']);
}

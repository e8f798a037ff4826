import { keyOperations } from '@ffrtmp/shared/contract/keys';
import type { Command } from 'commander';
import type { Cli } from '../../cli.ts';
import { examples } from '../../examples.ts';

export function keysRevoke(keys: Command, cli: Cli): void {
  const command = keys
    .command('revoke')
    .description('end a key or join token at once')
    .argument('<ID>', 'UUID of the key, from `ffrtmp keys list`')
    .action((id: string) =>
      cli.withMaster(async (master) => {
        const { body } = await master.exchange(keyOperations.revoke, { params: { id } });
        cli.print(body, () => `key ${id} is revoked`);
      }),
    );
  examples(command, ['ffrtmp keys revoke 019347b2-8a55-7cc0-b7a6-0123456789ab']);
}

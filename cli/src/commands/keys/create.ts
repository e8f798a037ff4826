import { keyOperations } from '@ffrtmp/shared/contract/keys';
import { type Command, Option } from 'commander';
import type { Cli } from '../../cli.ts';
import { examples } from '../../examples.ts';

const keyRoles = keyOperations.create.body.shape.role.options;

export function keysCreate(keys: Command, cli: Cli): void {
  const command = keys
    .command('create')
    .description('make an API key; it is shown once')
    .addOption(new Option('--role <ROLE>', 'what the key may do').choices(keyRoles).default('submitter'))
    .requiredOption('--name <NAME>', 'what it is for, so that you know it later')
    .action((options: { role: (typeof keyRoles)[number]; name: string }) =>
      cli.withMaster(async (master) => {
        const { reply, body } = await master.exchange(keyOperations.create, { body: options });
        cli.print(body, () => reply.key);
        if (cli.settings().output === 'table') cli.say(`key ${reply.id} (${reply.role}): shown only now, so keep it`);
      }),
    );
  examples(command, [
    'ffrtmp keys create --role submitter --name newsroom',
    'ffrtmp keys create --role viewer --name wall',
  ]);
}

import { Argument, type Command } from 'commander';
import type { Cli } from '../../cli.ts';
import { examples } from '../../examples.ts';
import { type ConfigRole, configRoles, forwardConfig } from './forward.ts';

export function configCheck(config: Command, cli: Cli): void {
  const command = config
    .command('check')
    .description('check flags, environment and file of a role; all problems at once')
    .addArgument(new Argument('[ROLE]', 'whose configuration').choices(configRoles).default('cli'))
    .action(async (role: ConfigRole) => {
      if (role !== 'cli') return forwardConfig(cli, role, 'check');
      const { configFile } = cli.settings();
      cli.print({ status: 'valid', file: configFile ?? null }, () => `valid (${configFile ?? 'no file'})`);
    });
  examples(command, ['ffrtmp config check', 'ffrtmp config check master --config /etc/ffrtmp/ffrtmp.yaml']);
}

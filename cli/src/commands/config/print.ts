import { Argument, type Command } from 'commander';
import type { Cli } from '../../cli.ts';
import { examples } from '../../examples.ts';
import { renderTable } from '../../output/table.ts';
import { orDash } from '../../output/text.ts';
import type { Settings } from '../../settings.ts';
import { type ConfigRole, configRoles, forwardConfig } from './forward.ts';

export function configPrint(config: Command, cli: Cli): void {
  const command = config
    .command('print')
    .description('show the configuration in force and where each value comes from; secrets are masked')
    .addArgument(new Argument('[ROLE]', 'whose configuration').choices(configRoles).default('cli'))
    .action(async (role: ConfigRole) => {
      if (role !== 'cli') return forwardConfig(cli, role, 'print');
      const shown = settingRows(cli.settings());
      const columns = ['SETTING', 'VALUE', 'FROM'].map((head) => ({ head }));
      cli.print(Object.fromEntries(shown.map(([name, value, from]) => [name, { value, from }])), () =>
        renderTable(
          columns,
          shown.map(([name, value, from]) => [name, orDash(value), from]),
        ),
      );
    });
  examples(command, ['ffrtmp config print', 'ffrtmp config print agent --output json']);
}

function settingRows(settings: Settings): [name: string, value: string | null, from: string][] {
  const { origins } = settings;
  const fileFrom = settings.configFile === undefined ? 'none found' : 'in force';
  return [
    ['master', settings.url, origins.master],
    ['api_key', settings.key === undefined ? null : mask(settings.key), origins.apiKey],
    ['ca', settings.ca === undefined ? null : 'set', origins.ca],
    ['output', settings.output, origins.output],
    ['data_dir', settings.dataDir, origins.dataDir],
    ['config', settings.configFile ?? null, fileFrom],
  ];
}

/** Enough to tell two keys apart, too little to use one. */
const mask = (key: string) => (key.length < 12 ? '********' : `${key.slice(0, 4)}…${key.slice(-2)}`);

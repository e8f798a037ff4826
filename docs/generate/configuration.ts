import { flagOf, type Option, type Options, writtenDefault } from '@ffrtmp/shared/config';
import { cliOptions } from '../../cli/src/settings.ts';
import { masterOptions } from '../../master/src/config.ts';
import { agentOptions } from '../../worker/src/config.ts';
import { code, page, table } from './markdown.ts';
import { type JsonSchema, toJson, typeText } from './schema.ts';

/** The programs whose options are declared as data, in the order of the page. */
const programs: readonly { title: string; role: string; options: Options }[] = [
  { title: 'Master', role: 'master', options: masterOptions },
  { title: 'Agent', role: 'worker', options: agentOptions },
  { title: 'Command line', role: 'cli', options: cliOptions },
];

const snakeOf = (key: string) => flagOf(key).slice(2).replaceAll('-', '_');

/** What durations and lists accept on the way in is wider than what a person writes. */
function valueText(json: JsonSchema): string {
  const text = typeText(json);
  if (text === 'string or number') return 'duration';
  return text === 'string or array of string' ? 'list' : text;
}

function optionRow(role: string, key: string, option: Option): string[] {
  const json = toJson(option.schema, 'input', new Map());
  const fallback = writtenDefault(option);
  const environment = [`FFRTMP_${role}_${snakeOf(key)}`.toUpperCase(), ...(option.env ?? [])];
  return [
    code(flagOf(key)),
    option.placeholder ?? valueText(json),
    fallback === '' ? '' : code(fallback),
    environment.map(code).join(', '),
    code(`${role}.${option.file ?? snakeOf(key)}`),
    option.help,
  ];
}

export function configurationPage(): string {
  const sections = programs.flatMap(({ title, role, options }) => [
    `## ${title}`,
    table(
      ['flag', 'value', 'default', 'environment', 'file', 'meaning'],
      Object.entries(options).map(([key, option]) => optionRow(role, key, option)),
    ),
  ]);
  return page('Configuration', [
    'A flag wins over the environment, the environment over the YAML file, the file over the default. The file is `--config PATH`, else the first of `./ffrtmp.yaml`, the user’s configuration directory and `/etc/ffrtmp/ffrtmp.yaml`. Booleans take `--x`, `--x=true|false` and `--no-x`; durations are written `500ms`, `5s`, `2m`, `1h`. Unknown keys and bad values are refused, all at once.',
    ...sections,
  ]);
}

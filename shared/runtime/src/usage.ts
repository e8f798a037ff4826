import { flagOf, type Options } from '@ffrtmp/shared/config';
import { FfrtmpError } from '@ffrtmp/shared/contract/errors';

export interface ProgramFacts {
  name: string;
  role: string;
  purpose: string;
  options: Options;
}

const HELP_COLUMN = 30;

/** What `--help` prints: every option with its default, in the order of its declaration. */
export function helpText({ name, role, purpose, options }: ProgramFacts): string {
  const lines = Object.entries(options).map(([key, option]) => {
    const boolean = option.schema.safeParse(true).data === true;
    const flag = `  ${flagOf(key)}${boolean ? '[=true|false]' : ' VALUE'}`;
    const fallback: unknown = option.schema.safeParse(undefined).data;
    const shown =
      fallback === undefined || fallback === '' || (Array.isArray(fallback) && fallback.length === 0)
        ? ''
        : ` (default ${String(fallback)})`;
    return `${flag.padEnd(HELP_COLUMN)}${option.help}${shown}`;
  });
  return [
    `bin/${name} ${purpose}.`,
    '',
    ...lines,
    '',
    `Each option may also stand in the environment as FFRTMP_${role.toUpperCase()}_<FLAG> or in ffrtmp.yaml below "${role}:".`,
    `bin/${name} config check|print reads the configuration and stops.`,
    '',
  ].join('\n');
}

const isSecret = (key: string) => /key|token|credential/i.test(key) && !/File|Path/.test(key);

/** `config print` shows the effective configuration, secrets masked; `config check` says that it is valid. */
export function printConfig(action: string | undefined, config: Record<string, unknown>): string {
  if (action === 'check') return 'the configuration is valid\n';
  if (action !== 'print') throw new FfrtmpError('invalid_request', 'write config check or config print');
  const shown = Object.entries(config).map(([key, value]) => [
    key,
    isSecret(key) && value !== undefined ? '********' : (value ?? null),
  ]);
  return `${JSON.stringify(Object.fromEntries(shown), null, 2)}\n`;
}

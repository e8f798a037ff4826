import { type Config, flagOf, type Options, readConfig, writtenDefault } from '@ffrtmp/shared/config';
import { FfrtmpError } from '@ffrtmp/shared/contract/errors';
import { version } from '@ffrtmp/shared/version';
import { configFlag, findConfigFile, readConfigFile } from './config-file.ts';
import { runProgram } from './program.ts';

export interface ProgramFacts<O extends Options = Options> {
  name: string;
  role: string;
  purpose: string;
  options: O;
  /** What else of a configuration can be wrong: files it names. Throws; `config check` asks it. */
  check?: (config: Config<O>) => Promise<unknown>;
}

const HELP_COLUMN = 30;

/** What `--help` prints: every option with its default, in the order of its declaration. */
export function helpText({ name, role, purpose, options }: Omit<ProgramFacts, 'check'>): string {
  const lines = Object.entries(options).map(([key, option]) => {
    const boolean = option.schema.safeParse(true).data === true;
    const flag = `  ${flagOf(key)}${boolean ? '[=true|false]' : ' VALUE'}`;
    const fallback = writtenDefault(option);
    return `${flag.padEnd(HELP_COLUMN)}${option.help}${fallback === '' ? '' : ` (default ${fallback})`}`;
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

/** An address keeps all but its password, whatever characters somebody put into it. */
const withoutPassword = (value: unknown) =>
  typeof value === 'string'
    ? value
        .replace(/^([a-z][a-z0-9+.-]*:\/\/[^:/?#@]*):.*@/i, '$1:********@')
        .replace(/([?&]password=)[^&]*/gi, '$1********')
    : value;

/** `config print` shows the effective configuration, secrets masked; `config check` says that it is valid. */
export function printConfig(action: string | undefined, config: Record<string, unknown>): string {
  if (action === 'check') return 'the configuration is valid\n';
  if (action !== 'print') throw new FfrtmpError('invalid_request', 'write config check or config print');
  const shown = Object.entries(config).map(([key, value]) => [
    key,
    isSecret(key) && value !== undefined ? '********' : (withoutPassword(value) ?? null),
  ]);
  return `${JSON.stringify(Object.fromEntries(shown), null, 2)}\n`;
}

export interface Surroundings {
  argv: readonly string[];
  env: Readonly<Record<string, string | undefined>>;
  cwd: string;
}

/** The start of master and agent: help, version, `config check|print`, else the program with its configuration. */
export function runRole<O extends Options>(
  program: ProgramFacts<O>,
  { argv, env, cwd }: Surroundings,
  run: (config: Config<O>) => Promise<void>,
): Promise<void> {
  const print = (text: string) => void process.stdout.write(text);
  return runProgram(async () => {
    if (argv.includes('--help') || argv.includes('-h')) return print(helpText(program));
    if (argv.includes('--version')) return print(`${version}\n`);
    const [verb, action] = argv;
    const flags = verb === 'config' ? argv.slice(2) : argv;
    const path = configFlag(flags) ?? findConfigFile(env, cwd);
    const config = readConfig(program.role, program.options, { argv: flags, env, file: readConfigFile(path) });
    if (verb !== 'config') return run(config);
    if (action === 'check') await program.check?.(config);
    return print(printConfig(action, config));
  });
}

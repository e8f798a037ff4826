import { z } from 'zod';
import { FfrtmpError } from './contract/errors.ts';
import { parseDurationMs } from './media/units.ts';

/** One option of a program: its schema, its flag, and where else it may come from. The option's key is its flag in camelCase. */
export interface Option {
  schema: z.ZodType;
  help: string;
  /** Path in the YAML file below the role's key, where it differs from the flag in snake_case. */
  file?: string;
  /** Names of environment variables beside `FFRTMP_<ROLE>_<FLAG>`, first wins. */
  env?: readonly string[];
  /** Shown in --help instead of the value's name. */
  placeholder?: string;
}

export type Options = Record<string, Option>;
export type Config<O extends Options> = { [K in keyof O]: z.output<O[K]['schema']> };

export interface Sources {
  argv: readonly string[];
  env: Readonly<Record<string, string | undefined>>;
  /** The parsed YAML document, or undefined without a file. */
  file: unknown;
}

export const flagOf = (key: string) => `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
const snakeOf = (key: string) => key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
const isBoolean = (option: Option) => option.schema.safeParse(true).data === true;

/** The default as a person would write it: `45s`, not the milliseconds that the program gets; '' without one. */
export function writtenDefault(option: Option): string {
  const json: { default?: unknown } = z.toJSONSchema(option.schema, { io: 'input', unrepresentable: 'any' });
  return json.default === undefined ? '' : String(json.default);
}

/** A duration option: `5s`, `2m`, `500ms` -> milliseconds. */
export const durationOption = (fallback: string) =>
  z
    .union([z.string(), z.number()])
    .default(fallback)
    .transform((text, context) => {
      const ms = parseDurationMs(text);
      if (ms === undefined) context.addIssue({ code: 'custom', message: 'is not a duration: write 500ms, 5s or 2m' });
      return ms ?? 0;
    });

/** The word in `known` nearest to `word` (edit distance at most a third of its length), for "did you mean". */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const scored = known.map((candidate) => ({
    candidate,
    distance: editDistance(word.toLowerCase(), candidate.toLowerCase()),
  }));
  const best = scored.sort((a, b) => a.distance - b.distance)[0];
  return best && best.distance <= Math.max(2, Math.floor(word.length / 3)) ? best.candidate : undefined;
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

const suggestion = (word: string, known: readonly string[]) => {
  const near = nearest(word, known);
  return near === undefined ? '' : `; did you mean ${near}?`;
};

/**
 * Splits argv into option values. Booleans take `--x`, `--x=true|false` and `--no-x`; everything else `--x value` or
 * `--x=value`. What is not an option is a problem: the programs take none.
 */
export function readFlags(options: Options, argv: readonly string[], problems: string[]): Record<string, unknown> {
  const byFlag = new Map(Object.keys(options).map((key) => [flagOf(key), key]));
  const values: Record<string, unknown> = {};
  for (let i = 0; i < argv.length; i += 1) {
    const word = argv[i] ?? '';
    const [name = '', ...rest] = word.split('=');
    const given = rest.length > 0 ? rest.join('=') : undefined;
    const positive = name.startsWith('--no-') && given === undefined ? byFlag.get(`--${name.slice(5)}`) : undefined;
    // Only a boolean can be negated: `--no-port 5` must not set the port.
    const negated = positive !== undefined && isBoolean(options[positive] as Option) ? positive : undefined;
    const key = byFlag.get(name) ?? negated;
    const option = key === undefined ? undefined : options[key];
    if (key === undefined || option === undefined) {
      problems.push(`${name}: unknown flag${suggestion(name, [...byFlag.keys()])}`);
      if (given === undefined && argv[i + 1] !== undefined && !argv[i + 1]?.startsWith('--')) i += 1;
    } else if (isBoolean(option)) {
      values[key] = negated ? false : parseBoolean(given ?? 'true');
    } else if (given === undefined && (argv[i + 1] === undefined || argv[i + 1]?.startsWith('--'))) {
      problems.push(`${name}: needs a value`);
    } else {
      values[key] = given ?? argv[++i];
    }
  }
  return values;
}

const parseBoolean = (text: string): unknown =>
  text === 'true' || text === '1' ? true : text === 'false' || text === '0' ? false : text;

function flatten(value: unknown, prefix: string, into: Map<string, unknown>): void {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    into.set(prefix, value);
    return;
  }
  for (const [key, inner] of Object.entries(value)) flatten(inner, prefix === '' ? key : `${prefix}.${key}`, into);
}

/** One file may serve every role of a machine. */
const fileSections = ['master', 'worker', 'cli'];

const isMapping = (value: unknown): value is Record<string, unknown> =>
  value !== null && typeof value === 'object' && !Array.isArray(value);

/** Reads the role's part of the YAML document. Keys are snake_case; a key nobody knows is a problem. */
function readFile(role: string, options: Options, document: unknown, problems: string[]): Record<string, unknown> {
  if (document === undefined || document === null) return {};
  if (!isMapping(document)) {
    problems.push('file: must be a mapping, with the settings below `master:`, `worker:` or `cli:`');
    return {};
  }
  for (const name of Object.keys(document).filter((key) => key !== role && !fileSections.includes(key)))
    problems.push(`file ${name}: unknown section${suggestion(name, fileSections)}`);
  const section = document[role];
  const flat = new Map<string, unknown>();
  if (isMapping(section)) flatten(section, '', flat);
  else if (section !== undefined && section !== null) problems.push(`file ${role}: must be a mapping of settings`);
  const byName = new Map<string, string>();
  for (const [key, option] of Object.entries(options)) {
    byName.set(snakeOf(key), key);
    if (option.file) byName.set(option.file, key);
  }
  const values: Record<string, unknown> = {};
  for (const [name, value] of flat) {
    const key = byName.get(name);
    if (key === undefined) problems.push(`file ${role}.${name}: unknown key${suggestion(name, [...byName.keys()])}`);
    // `port:` with nothing behind it is null in YAML: not set, and never a 0.
    else if (value !== null) values[key] = value;
  }
  return values;
}

function readEnv(role: string, options: Options, env: Sources['env']): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const [key, option] of Object.entries(options)) {
    const names = [`FFRTMP_${role}_${snakeOf(key)}`.toUpperCase(), ...(option.env ?? [])];
    const text = names.map((name) => env[name]).find((value) => value !== undefined && value !== '');
    if (text !== undefined) values[key] = isBoolean(option) ? parseBoolean(text) : text;
  }
  return values;
}

export type Origin = 'flag' | 'environment' | 'file' | 'default';

/** A value in a message, unless it is a secret: messages end in logs. */
const shown = (key: string, value: unknown) => (/key|token/i.test(key) ? '(not shown)' : JSON.stringify(value));

/** flags > environment > file > default. Throws one `bad_config` error that lists every problem at once. */
export function readConfig<O extends Options>(role: string, options: O, sources: Sources): Config<O> {
  return traceConfig(role, options, sources).config;
}

/** The same, with where each value came from, for `config print`. */
export function traceConfig<O extends Options>(
  role: string,
  options: O,
  sources: Sources,
): { config: Config<O>; origins: Record<keyof O, Origin> } {
  const problems: string[] = [];
  const fromFlags = readFlags(options, sources.argv, problems);
  const fromFile = readFile(role, options, sources.file, problems);
  const fromEnv = readEnv(role, options, sources.env);
  const config: Record<string, unknown> = {};
  const origins: Record<string, Origin> = {};
  for (const [key, option] of Object.entries(options)) {
    const from = [fromFlags, fromEnv, fromFile].find((values) => values[key] !== undefined);
    origins[key] =
      from === fromFlags ? 'flag' : from === fromEnv ? 'environment' : from === fromFile ? 'file' : 'default';
    const parsed = option.schema.safeParse(from?.[key]);
    if (parsed.success) config[key] = parsed.data;
    else
      for (const issue of parsed.error.issues)
        problems.push(`${flagOf(key)} ${shown(key, from?.[key] ?? null)}: ${issue.message}`);
  }
  if (problems.length > 0) throw new FfrtmpError('bad_config', problems.join('\n'), { problems });
  return { config: config as Config<O>, origins: origins as Record<keyof O, Origin> };
}

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findConfigFile, readConfigFile } from '@ffrtmp/runtime/config-file';
import { defaultDataDir, type LocalMaster, readLocalMaster } from '@ffrtmp/runtime/data-dir';
import { flagOf, type Options, type Origin, traceConfig } from '@ffrtmp/shared/config';
import { FfrtmpError } from '@ffrtmp/shared/contract/errors';
import { z } from 'zod';

const DEFAULT_URL = 'http://localhost:8080';

const url = z
  .string()
  .regex(/^https?:\/\/[^/]/, { error: 'is not an address: write http://HOST:PORT or https://HOST:PORT' });

/** Options of the command line itself. Each command adds its own. */
export const cliOptions = {
  master: { schema: url.optional(), help: 'address of the master, e.g. http://localhost:8080', placeholder: 'URL' },
  apiKey: {
    schema: z.string().min(1).optional(),
    help: 'API key (better in FFMPEG_RTMP_API_KEY: arguments are visible to other users)',
    env: ['FFMPEG_RTMP_API_KEY', 'MASTER_API_KEY'],
    placeholder: 'KEY',
  },
  ca: { schema: z.string().optional(), help: 'certificate file of the master’s CA (PEM)', placeholder: 'PATH' },
  output: {
    schema: z.enum(['table', 'json', 'csv']).default('table'),
    help: 'table for people, json for programs (the API’s own body); receipts know csv, too',
    placeholder: 'FORMAT',
  },
  dataDir: { schema: z.string().optional(), help: 'data directory of a master on this machine', placeholder: 'DIR' },
} satisfies Options;

/** Where a setting was found. `local master`: read from the data directory of a master on this machine. */
export type SettingOrigin = Origin | 'local master';

export interface Settings {
  url: string;
  key: string | undefined;
  /** PEM text, not a path. */
  ca: string | undefined;
  output: 'table' | 'json' | 'csv';
  dataDir: string;
  configFile: string | undefined;
  origins: Record<'master' | 'apiKey' | 'ca' | 'output' | 'dataDir', SettingOrigin>;
}

export interface SettingSources {
  /** The global flags of this call, by key of `cliOptions`, and `config`. */
  flags: Readonly<Record<string, string | undefined>>;
  env: Readonly<Record<string, string | undefined>>;
  cwd: string;
}

/** flags > environment > the `cli:` section of the configuration file > a master on this machine > the default. */
export function readSettings(sources: SettingSources): Settings {
  const configFile = sources.flags.config ?? findConfigFile(sources.env, sources.cwd);
  const argv = Object.keys(cliOptions).flatMap((key) => {
    const value = sources.flags[key];
    return value === undefined ? [] : [`${flagOf(key)}=${value}`];
  });
  const { config, origins } = traceConfig('cli', cliOptions, {
    argv,
    env: sources.env,
    file: readConfigFile(configFile),
  });
  const dataDir = masterDir(config.dataDir) ?? defaultDataDir('master', sources.env);
  const local = readLocalMaster(dataDir);
  const trusted = isSameMaster(config.master, local) ? local : undefined;
  const settings: Settings = {
    url: config.master ?? local.url ?? DEFAULT_URL,
    key: config.apiKey ?? trusted?.key,
    ca: config.ca === undefined ? trusted?.ca : readCa(config.ca),
    output: config.output,
    dataDir,
    configFile,
    origins: { ...origins },
  };
  if (config.master === undefined && local.url) settings.origins.master = 'local master';
  if (config.apiKey === undefined && trusted?.key) settings.origins.apiKey = 'local master';
  if (config.ca === undefined && trusted?.ca) settings.origins.ca = 'local master';
  return settings;
}

/** `--data-dir` of `ffrtmp up` holds the master's directory one level down; both are accepted. */
function masterDir(dir: string | undefined): string | undefined {
  if (dir === undefined) return undefined;
  return readLocalMaster(dir).url === undefined && readLocalMaster(join(dir, 'master')).url ? join(dir, 'master') : dir;
}

const loopback = new Set(['localhost', '127.0.0.1', '[::1]']);
const portOf = (address: URL) => address.port || (address.protocol === 'https:' ? '443' : '80');

/** The admin key of this machine's master must never travel to another one, so the addresses have to be the same. */
export function isSameMaster(wanted: string | undefined, local: LocalMaster): boolean {
  if (wanted === undefined) return true;
  if (local.url === undefined) return false;
  const [asked, own] = [new URL(wanted), new URL(local.url)];
  const sameHost = asked.hostname === own.hostname || loopback.has(asked.hostname);
  return sameHost && portOf(asked) === portOf(own);
}

function readCa(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new FfrtmpError('bad_config', `cannot read the CA certificate ${path}: ${(error as Error).message}`);
  }
}

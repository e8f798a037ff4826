import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { FfrtmpError } from '@ffrtmp/shared/contract/errors';
import { parse } from 'yaml';

/** `./ffrtmp.yaml`, then the user's configuration directory, then the system's: the first that exists. */
export function findConfigFile(env: Readonly<Record<string, string | undefined>>, cwd: string): string | undefined {
  const places = [cwd, join(env.XDG_CONFIG_HOME ?? join(homedir(), '.config'), 'ffrtmp'), '/etc/ffrtmp'];
  return places.map((place) => join(place, 'ffrtmp.yaml')).find((path) => existsSync(path));
}

/** The document of a YAML file. A named file that is missing or broken is an error; no file at all is fine. */
export const readConfigFile = (path: string | undefined): unknown =>
  path === undefined ? undefined : readYamlFile(path, 'the configuration file');

/** The document of a YAML file, and so of a JSON file too. */
export function readYamlFile(path: string, what: string): unknown {
  try {
    return parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new FfrtmpError('bad_config', `cannot read ${what} ${path}: ${(error as Error).message}`);
  }
}

/** The value of `--config` in argv, needed before the rest can be read. */
export function configFlag(argv: readonly string[]): string | undefined {
  const at = argv.findIndex((word) => word === '--config' || word.startsWith('--config='));
  return at < 0 ? undefined : (argv[at]?.split('=')[1] ?? argv[at + 1]);
}

import { accessSync, constants } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';
import { FfrtmpError } from '@ffrtmp/shared/contract/errors';

function isRunnable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** The absolute path of a program along `searchPath`, or null where there is none. */
export function programPath(name: string, searchPath: string): string | null {
  const candidates = isAbsolute(name) ? [name] : searchPath.split(delimiter).map((folder) => join(folder, name));
  return candidates.find((path) => isAbsolute(path) && isRunnable(path)) ?? null;
}

/**
 * The absolute path of a program, found once at the start along `searchPath` (the PATH of the agent), because the
 * engines themselves run without the agent's environment. Throws `missing_program`.
 */
export function findProgram(name: string, searchPath: string): string {
  const found = programPath(name, searchPath);
  if (found === null)
    throw new FfrtmpError('missing_program', `${name} is not installed; on Debian: apt-get install ffmpeg`);
  return found;
}

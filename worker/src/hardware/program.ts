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

/**
 * The absolute path of a program, found once at the start along `searchPath` (the PATH of the agent), because the
 * engines themselves run without the agent's environment. Throws `missing_program`.
 */
export function findProgram(name: string, searchPath: string): string {
  const candidates = isAbsolute(name) ? [name] : searchPath.split(delimiter).map((folder) => join(folder, name));
  const found = candidates.find((path) => isAbsolute(path) && isRunnable(path));
  if (found === undefined)
    throw new FfrtmpError('missing_program', `${name} is not installed; on Debian: apt-get install ffmpeg`);
  return found;
}

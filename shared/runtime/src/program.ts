import { FfrtmpError } from '@ffrtmp/shared/contract/errors';

/** SQLite's own code for a full disk, and those for a file it may not open or write. */
const SQLITE_FULL = 13;
const SQLITE_UNWRITABLE = [8, 14];

interface SystemError extends Error {
  code?: string;
  errcode?: number;
  path?: string;
}

/** Is this the disk's fault, whoever noticed it? */
export function isDiskFull(error: unknown): boolean {
  const { code, errcode } = (error ?? {}) as SystemError;
  return code === 'ENOSPC' || code === 'EDQUOT' || errcode === SQLITE_FULL;
}

/** What the machine refused, as one sentence with what to do; undefined for everything that is a fault of ours. */
function systemError(error: SystemError): FfrtmpError | undefined {
  const where = error.path === undefined ? '' : ` (${error.path})`;
  if (isDiskFull(error))
    return new FfrtmpError(
      'insufficient_storage',
      `the disk is full${where}: free some space, or choose another --data-dir`,
    );
  const unwritable = SQLITE_UNWRITABLE.includes(error.errcode ?? -1);
  if (unwritable || ['EACCES', 'EPERM', 'EROFS'].includes(error.code ?? '')) {
    return new FfrtmpError('bad_config', `this user may not read or write what is needed${where}: ${error.message}`);
  }
  if (error.code === 'ENOENT' && error.path !== undefined)
    return new FfrtmpError('bad_config', `there is no file ${error.path}`);
  return undefined;
}

/**
 * The outermost border of every program: an error of the table becomes its sentence on stderr and its exit code,
 * anything else is a fault of ours and shows its stack.
 */
export async function runProgram(main: () => Promise<void>): Promise<void> {
  try {
    await main();
  } catch (error) {
    const known = error instanceof FfrtmpError ? error : systemError(error as SystemError);
    if (known) {
      process.stderr.write(`error: ${known.message}\n`);
      process.exitCode = known.exitCode;
    } else {
      process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
      process.exitCode = 1;
    }
  }
}

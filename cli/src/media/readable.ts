import { access, constants, stat } from 'node:fs/promises';
import { FfrtmpError } from '@ffrtmp/shared/contract/errors';

const reasons: Record<string, string> = {
  ENOENT: 'there is no such file',
  EACCES: 'this user may not read it',
  EPERM: 'this user may not read it',
  ENOTDIR: 'a part of the path is not a folder',
  ELOOP: 'its links run in a circle',
};

/** Is the input a file that can be read? Returns its size. */
export async function requireReadable(path: string): Promise<number> {
  try {
    const found = await stat(path);
    if (!found.isFile()) throw new FfrtmpError('input_unreadable', `cannot read ${path}: it is not a file`);
    await access(path, constants.R_OK);
    if (found.size === 0) throw new FfrtmpError('not_a_video', `${path} is empty`);
    return found.size;
  } catch (error) {
    if (error instanceof FfrtmpError) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    throw new FfrtmpError('input_unreadable', `cannot read ${path}: ${reasons[code ?? ''] ?? message}`);
  }
}

import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { FfrtmpError } from '@ffrtmp/shared/contract/errors';
import type { Cli } from '../../cli.ts';

/** Beside the output: `--html` with `--output json` gives both. */
export function writePage(cli: Cli, path: string, page: string): void {
  try {
    writeFileSync(resolve(cli.cwd, path), page);
  } catch (error) {
    throw new FfrtmpError('invalid_request', `cannot write ${path}: ${(error as Error).message}`);
  }
  cli.say(`wrote ${path}`);
}

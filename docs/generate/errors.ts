import { errorTable } from '@ffrtmp/shared/contract/errors';
import { code, page, table } from './markdown.ts';

export function errorsPage(): string {
  const rows = Object.entries(errorTable).map(([name, { http, exit, retryable }]) => [
    code(name),
    http === null ? '' : String(http),
    String(exit),
    retryable ? 'yes' : 'no',
  ]);
  return page('Errors', [
    'One table for the whole system: the code of an error reply, its HTTP status, and the exit code of the program that meets it. Codes without a status arise on the caller’s machine and never travel. *Retry* says whether the same call may succeed later. Exit code 1 without a code is a fault of ours and prints its stack.',
    table(['code', 'HTTP', 'exit', 'retry'], rows),
  ]);
}

import { FfrtmpError } from '@ffrtmp/shared/contract/errors';
import pg from 'pg';
import { StoreUnreachable } from '../commit.ts';

/** Another transaction came in between: serialization failure, deadlock, lock timeout. The group is tried again. */
const conflicts: ReadonlySet<string> = new Set(['40001', '40P01', '55P03']);

/**
 * The server goes, starts, or has no room for this connection (appendix A of its manual: classes 08 and 53, 57P0x), or
 * it became a standby that takes no writes.
 */
const outage = /^(08...|533..|57P0[1-5]|25006)$/;

/** Wrong password, no such database, no right to make tables in it. */
const refusal = /^(28...|3D000|42501)$/;

const DISK_FULL = '53100';
const QUERY_CANCELED = '57014';

export const isConflict = (error: unknown): boolean =>
  error instanceof pg.DatabaseError && conflicts.has(error.code ?? '');

/**
 * An error of the driver as the rest of the master knows it. What is no message of the server is trouble with the
 * connection: it reset, timed out or was refused.
 */
export function translated(error: unknown): unknown {
  if (error instanceof FfrtmpError || isConflict(error)) return error;
  if (!(error instanceof pg.DatabaseError)) return new StoreUnreachable((error as Error).message);
  const { code = '', message } = error;
  if (outage.test(code)) return new StoreUnreachable(message);
  if (code === DISK_FULL)
    return new FfrtmpError('insufficient_storage', 'the disk of the database is full: nothing was stored');
  if (code === QUERY_CANCELED) return new FfrtmpError('unavailable', `the database took too long: ${message}`);
  return error;
}

/** Why the store could not be opened, for the person who starts the master. `shown` has no password in it. */
export function whyNotOpened(error: unknown, shown: string): unknown {
  const known = translated(error);
  if (known instanceof StoreUnreachable)
    return new FfrtmpError('unavailable', `${shown} does not answer: ${known.why}`);
  if (known instanceof pg.DatabaseError && refusal.test(known.code ?? ''))
    return new FfrtmpError('bad_config', `${shown} refuses this master: ${known.message}`);
  return known;
}

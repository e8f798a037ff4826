import { FfrtmpError } from '@ffrtmp/shared/contract/errors';
import type pg from 'pg';
import { createCommitter, type Store, StoreUnreachable } from '../commit.ts';
import type { Migration } from '../migrations/list.ts';
import type { Database } from '../open.ts';
import type { Run } from '../statement.ts';
import { ask, openClient, openPool, runOn } from './connections.ts';
import { isConflict, translated, whyNotOpened } from './errors.ts';
import { migrate } from './migrate.ts';
import { createOutcomes } from './outcome.ts';
import { shownUrl } from './url.ts';

/** Reads are short; more of them at once than the server has cores wait for each other anyway. */
const READERS = 4;
/** Conflicts come from people at psql and, later, other masters: rare, and over at the next try. */
const MAX_TRIES = 5;
/** Names the lock by which a database belongs to one master. */
const OWNER_LOCK = 4_711_002;
/** A master that has just stopped holds the lock until the server has noticed: a restart waits for that. */
const OWNER_PATIENCE = '2s';

/**
 * Held by the connection that writes, so that whatever ends it frees the lock; keepalives end that of a lost machine
 * within 30 s. It goes when several masters may share a database.
 */
async function own(client: pg.ClientBase, shown: string): Promise<void> {
  await ask(client, `SET lock_timeout = '${OWNER_PATIENCE}'`);
  try {
    await ask(client, 'SELECT pg_advisory_lock($1)', [OWNER_LOCK]);
  } catch (error) {
    if (!isConflict(error)) throw error;
    throw new FfrtmpError('data_dir_locked', `another master uses ${shown}: stop it, or choose another --db`);
  }
  await ask(client, 'RESET lock_timeout');
}

/** A server or a role may have been told that commits need not reach the disk; an acknowledgement here means that they did. */
const KEEP_COMMITS_DURABLE =
  "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'";

/** Opens the store in a PostgreSQL database, with its schema brought up to date. */
export async function openPostgres(db: string, steps: readonly Migration[]): Promise<Database> {
  const { store, shown, close } = await connectPostgres(db, steps);
  return { ...createCommitter(store), path: shown, shared: true, close };
}

export interface Connected {
  store: Store;
  /** The address without its secrets. */
  shown: string;
  close: () => Promise<void>;
}

/**
 * One connection for the groups of writes and a few for reads. Those that die are replaced at their next use; until that
 * works, calls end with `unavailable`.
 */
export async function connectPostgres(db: string, steps: readonly Migration[]): Promise<Connected> {
  if (!URL.canParse(db))
    throw new FfrtmpError('bad_config', '--db: is no valid address; write postgres://user@host/database');
  const shown = shownUrl(db);
  const writers = openPool(db, {
    max: 1,
    onConnect: async (client) => {
      await own(client, shown);
      await ask(client, KEEP_COMMITS_DURABLE);
    },
  });
  const readers = openPool(db, { max: READERS });
  const close = async () => {
    await Promise.all([writers.end(), readers.end()]);
  };
  try {
    await prepareSchema(writers, db, shown, steps);
  } catch (error) {
    await close();
    throw whyNotOpened(error, shown);
  }
  return { store: postgresStore(writers, readers), shown, close };
}

/** The writer's connection holds the owner's lock meanwhile. */
async function prepareSchema(writers: pg.Pool, db: string, shown: string, steps: readonly Migration[]): Promise<void> {
  const owner = await writers.connect();
  const client = openClient(db);
  try {
    await client.connect();
    await migrate(client, shown, steps);
  } finally {
    owner.release();
    await client.end();
  }
}

/** A connection that writes. The lock may be held by the one that broke, or by another master that came since. */
async function acquire(writers: pg.Pool): Promise<pg.PoolClient> {
  try {
    return await writers.connect();
  } catch (error) {
    const known = translated(error);
    throw known instanceof StoreUnreachable ? known : new StoreUnreachable((error as Error).message);
  }
}

function postgresStore(writers: pg.Pool, readers: pg.Pool): Store {
  const outcomes = createOutcomes(readers);
  const readOnce = runOn(readers);

  async function once(work: (run: Run) => Promise<() => void>): Promise<void> {
    const client = await acquire(writers);
    let usable = true;
    try {
      await ask(client, 'BEGIN');
      const committed = await work(runOn(client));
      usable = await outcomes.commit(client, committed);
    } catch (error) {
      usable = !(error instanceof StoreUnreachable) && (await rolledBack(client));
      throw error;
    } finally {
      client.release(!usable);
    }
  }

  return {
    async read(statement, values) {
      try {
        return await readOnce(statement, values);
      } catch (error) {
        // The server may have been started again since this connection was used last: the next one is new.
        if (error instanceof StoreUnreachable) return readOnce(statement, values);
        throw error;
      }
    },
    async transact(work) {
      await outcomes.settle();
      for (let tries = 1; ; tries += 1) {
        try {
          return await once(work);
        } catch (error) {
          if (!isConflict(error)) throw error;
          if (tries === MAX_TRIES)
            throw new FfrtmpError('unavailable', `the database is busy: ${(error as Error).message}`);
        }
      }
    },
  };
}

/** Whether the connection is clean again. */
const rolledBack = (client: pg.ClientBase): Promise<boolean> =>
  ask(client, 'ROLLBACK').then(
    () => true,
    () => false,
  );

import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { FfrtmpError } from '@ffrtmp/shared/contract/errors';
import { startCheckpoints } from './checkpoint.ts';
import { createCommitter, type Store } from './commit.ts';
import { type Migration, migrationSql } from './migrations/list.ts';
import type { Database } from './open.ts';
import { compile, type Run, type Statement, type Value, type Values } from './statement.ts';

/** Before this version a write during a checkpoint could corrupt the file. */
const OLDEST_SQLITE = [3, 51, 3] as const;

const SQLITE_BUSY = 5;
/** SQLite's codes for a file whose pages contradict each other, and for one that is no database at all. */
const SQLITE_DAMAGED = [11, 26];

const refuseOldSqlite = (version: string) => {
  const found = version.split('.').map(Number);
  const at = OLDEST_SQLITE.findIndex((part, index) => part !== found[index]);
  if (at >= 0 && (found[at] ?? 0) < (OLDEST_SQLITE[at] ?? 0)) {
    throw new FfrtmpError(
      'missing_program',
      `this Node.js brings SQLite ${version}; ${OLDEST_SQLITE.join('.')} or newer is needed`,
    );
  }
};

/**
 * Holds a small lock database open in EXCLUSIVE mode: a second master on the same data directory is refused at once,
 * and kill -9 frees it. (`locking_mode=EXCLUSIVE` on the main database would shut out the checkpoint thread.)
 */
function takeLock(path: string): DatabaseSync {
  const lock = new DatabaseSync(`${path}.lock`);
  try {
    lock.exec('PRAGMA busy_timeout = 0; BEGIN EXCLUSIVE');
    return lock;
  } catch (error) {
    lock.close();
    if ((error as { errcode?: number }).errcode !== SQLITE_BUSY) throw error;
    throw new FfrtmpError(
      'data_dir_locked',
      `another master uses ${path}: stop it, or choose another --data-dir or --db`,
    );
  }
}

function migrate(database: DatabaseSync, path: string, steps: readonly Migration[]): void {
  const { user_version: version } = database.prepare('PRAGMA user_version').get() as { user_version: number };
  if (version > steps.length) {
    throw new FfrtmpError(
      'newer_schema',
      `${path} was written by a newer ffrtmp (schema ${version}, this one knows ${steps.length}): upgrade, or restore its backup`,
    );
  }
  if (version > 0 && version < steps.length) {
    const backup = `${path}.before-schema-${steps.length}`;
    rmSync(backup, { force: true });
    database.prepare('VACUUM INTO ?').run(backup);
  }
  for (const [index, step] of steps.entries()) {
    if (index < version) continue;
    database.exec(`BEGIN IMMEDIATE; ${migrationSql(step, 'sqlite')}; PRAGMA user_version = ${index + 1}; COMMIT`);
  }
}

/** `:memory:` is a private file on a memory file system, deleted at the end, through the same code as any other. */
function place(db: string): { path: string; remove: () => void } {
  if (db !== ':memory:') {
    const path = resolve(db);
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    return { path, remove: () => undefined };
  }
  const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'ffrtmp-'));
  return { path: join(folder, 'master.db'), remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** One statement, ready to run: its rows, or as many empty ones as it changed. */
type Ready = (values: Values) => unknown[];

const changedRow = Object.freeze({});

/**
 * Rows are made here and not by node:sqlite, whose objects are dictionaries: reading a job and changing one field of it
 * takes 5.4 us with those and 1.7 us with these. For the same reason a change is asked for no RETURNING: 1.3 us, not 3.1.
 */
function prepare(database: DatabaseSync, statement: Statement<unknown>): Ready {
  const { sql, bind } = compile(statement, 'sqlite');
  const ready = database.prepare(sql);
  const names = ready.columns().map((column) => column.name);
  if (names.length === 0)
    return (values) => new Array(Number(ready.run(...bind(values)).changes)).fill(changedRow) as unknown[];
  ready.setReturnArrays(true);
  return (values) => {
    const rows = ready.all(...bind(values)) as unknown as Value[][];
    return rows.map((row) => {
      const made: Record<string, unknown> = {};
      for (let at = 0; at < names.length; at += 1) made[names[at] as string] = row[at];
      return made;
    });
  };
}

function createRun(database: DatabaseSync): Run {
  const prepared = new Map<Statement<unknown>, Ready>();
  return async <Row>(statement: Statement<Row>, values: Values = {}) => {
    let ready = prepared.get(statement);
    if (!ready) {
      ready = prepare(database, statement);
      prepared.set(statement, ready);
    }
    return ready(values) as Row[];
  };
}

/** Statements return at once, so a whole group runs without yielding to I/O and nobody reads in its midst. */
export function sqliteStore(database: DatabaseSync): Store {
  const run = createRun(database);
  return {
    read: run,
    async transact(work) {
      let committed: () => void;
      database.exec('BEGIN IMMEDIATE');
      try {
        committed = await work(run);
        database.exec('COMMIT');
      } catch (error) {
        if (database.isTransaction) database.exec('ROLLBACK');
        throw error;
      }
      committed();
    },
  };
}

/** A file that is no database any more is named, with what SQLite says of it; everything else stays what it was. */
function explain(error: unknown, path: string): unknown {
  const { errcode = 0, message } = error as Error & { errcode?: number };
  if (!SQLITE_DAMAGED.includes(errcode & 0xff)) return error;
  return new FfrtmpError(
    'damaged_database',
    `${path} is damaged (${message}): restore a backup of it, or choose another --data-dir or --db`,
  );
}

/**
 * The file itself, ready for its committer: migrations with a backup before, WAL with full synchronisation. The cache is
 * small because SQLite walks all of it at each commit that splits a page, as long as the file is below 1 GB: with 64 MB
 * that was 5 % of the master's time. The system's own cache holds what does not fit.
 */
export function openFile(path: string, steps: readonly Migration[]): DatabaseSync {
  const database = new DatabaseSync(path);
  try {
    database.exec(
      'PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA busy_timeout = 5000;' +
        'PRAGMA cache_size = -16384; PRAGMA temp_store = MEMORY; PRAGMA wal_autocheckpoint = 0;',
    );
    migrate(database, path, steps);
    return database;
  } catch (error) {
    database.close();
    throw explain(error, path);
  }
}

/** Opens (or makes) a file: its lock, its schema, its committer, and checkpoints beside them. */
export function openSqlite(db: string, steps: readonly Migration[]): Database {
  refuseOldSqlite(process.versions.sqlite ?? '0');
  const { path, remove } = place(db);
  const lock = takeLock(path);
  let database: DatabaseSync;
  try {
    database = openFile(path, steps);
  } catch (error) {
    lock.close();
    remove();
    throw error;
  }
  const committer = createCommitter(sqliteStore(database));
  const checkpoints = startCheckpoints(path, database, committer);
  return {
    ...committer,
    path,
    shared: false,
    async close() {
      await checkpoints.stop();
      database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
      database.close();
      lock.close();
      remove();
    },
  };
}

import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { FfrtmpError } from '@ffrtmp/shared/contract/errors';
import { startCheckpoints } from './checkpoint.ts';
import { createCommitter, type Store } from './commit.ts';
import { type Migration, migrationSql } from './migrations/list.ts';
import type { Database } from './open.ts';
import { type CompiledStatement, compile, type Run, type Statement, type Values } from './statement.ts';

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

function createRun(database: DatabaseSync): Run {
  const prepared = new Map<Statement<unknown>, { compiled: CompiledStatement; ready: StatementSync }>();
  return async <Row>(statement: Statement<Row>, values: Values = {}) => {
    let entry = prepared.get(statement);
    if (!entry) {
      const compiled = compile(statement, 'sqlite');
      entry = { compiled, ready: database.prepare(compiled.sql) };
      prepared.set(statement, entry);
    }
    return entry.ready.all(...entry.compiled.bind(values)) as Row[];
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

/** The file itself, ready for its committer: migrations with a backup before, WAL with full synchronisation. */
export function openFile(path: string, steps: readonly Migration[]): DatabaseSync {
  const database = new DatabaseSync(path);
  try {
    database.exec(
      'PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA busy_timeout = 5000;' +
        'PRAGMA cache_size = -65536; PRAGMA temp_store = MEMORY; PRAGMA wal_autocheckpoint = 0;',
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

import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { FfrtmpError } from '@ffrtmp/shared/contract/errors';
import { startCheckpoints } from './checkpoint.ts';
import { type Committer, createCommitter } from './commit.ts';
import { type Migration, migrations } from './migrations/list.ts';

/** Before this version a write during a checkpoint could corrupt the file. */
const OLDEST_SQLITE = [3, 51, 3] as const;

const SQLITE_BUSY = 5;

export interface Database extends Committer {
  path: string;
  close(): Promise<void>;
}

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

function migrate(database: DatabaseSync, path: string, migrations: readonly Migration[]): void {
  const { user_version: version } = database.prepare('PRAGMA user_version').get() as { user_version: number };
  if (version > migrations.length) {
    throw new FfrtmpError(
      'newer_schema',
      `${path} was written by a newer ffrtmp (schema ${version}, this one knows ${migrations.length}): upgrade, or restore its backup`,
    );
  }
  if (version > 0 && version < migrations.length) {
    const backup = `${path}.before-schema-${migrations.length}`;
    rmSync(backup, { force: true });
    database.prepare('VACUUM INTO ?').run(backup);
  }
  for (const [index, migration] of migrations.entries()) {
    if (index < version) continue;
    database.exec(`BEGIN IMMEDIATE; ${migration.sql}; PRAGMA user_version = ${index + 1}; COMMIT`);
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

/** Opens (or makes) the store: lock, migrations with a backup before, WAL with full synchronisation, checkpoints. */
export function openDatabase(db: string, steps: readonly Migration[] = migrations): Database {
  refuseOldSqlite(process.versions.sqlite ?? '0');
  const { path, remove } = place(db);
  const lock = takeLock(path);
  const database = new DatabaseSync(path);
  try {
    database.exec(
      'PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA busy_timeout = 5000;' +
        'PRAGMA cache_size = -65536; PRAGMA temp_store = MEMORY; PRAGMA wal_autocheckpoint = 0;',
    );
    migrate(database, path, steps);
  } catch (error) {
    database.close();
    lock.close();
    remove();
    throw error;
  }
  const committer = createCommitter(database);
  const checkpoints = startCheckpoints(path, database, committer);
  return {
    ...committer,
    path,
    async close() {
      await checkpoints.stop();
      database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
      database.close();
      lock.close();
      remove();
    },
  };
}

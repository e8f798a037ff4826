import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { FfrtmpError } from '@ffrtmp/shared/contract/errors';

/** A data directory belongs to one agent: kill -9 frees the lock, a second agent is refused at once. */
export function lockDataDir(dataDir: string): DatabaseSync {
  const lock = new DatabaseSync(join(dataDir, 'agent.lock'));
  try {
    lock.exec('PRAGMA busy_timeout = 0; BEGIN EXCLUSIVE');
    return lock;
  } catch {
    throw new FfrtmpError(
      'data_dir_locked',
      `another agent uses ${dataDir}: give this one its own --data-dir and --address`,
    );
  }
}

import type { DatabaseSync } from 'node:sqlite';
import type { Store } from '../../../master/src/database/commit.ts';
import { sqliteStore } from '../../../master/src/database/sqlite.ts';
import type { Life } from './world.ts';

/** Moments at which a master may be killed: between any two of its effects that somebody else can see. */
export const storePoints = [
  'before BEGIN',
  'in a transaction',
  'before COMMIT',
  'after COMMIT',
  'after the effects of a commit',
] as const;
export type StorePoint = (typeof storePoints)[number];

/** SQLite's own error for a full disk. */
const diskFull = () => Object.assign(new Error('database or disk is full'), { code: 'ERR_SQLITE_ERROR', errcode: 13 });

/** What the surroundings do to a store. */
export interface StoreFate {
  life: Life;
  /** Called when a moment is passed: kills the master there where the seed says so. */
  reached: (point: StorePoint) => void;
  /** Does a write meet a full disk now? */
  full: () => 'no' | 'commit refused' | 'statement refused' | 'transaction gone';
}

/** A dead process does nothing more: what was asked of it is never answered. */
const never = () => new Promise<never>(() => undefined);

const isRead = (sql: string) => /^\s*(?:select|with|pragma)/i.test(sql);

/** The real file behind a thin wall: each statement may meet a full disk, each moment may be the last of its master. */
export function faultyStore(database: DatabaseSync, fate: StoreFate): Store {
  const { life, reached } = fate;
  const demandLife = () => {
    if (!life.alive) throw new Error(`${life.name} is dead`);
  };

  function refuse(statement: boolean): void {
    const how = fate.full();
    if (how === 'no' || (statement && how === 'commit refused')) return;
    // SQLite itself rolls a transaction back when it cannot go on with it.
    if (how === 'transaction gone' && database.isTransaction) database.exec('ROLLBACK');
    throw diskFull();
  }

  function exec(sql: string): void {
    demandLife();
    if (sql.startsWith('BEGIN')) reached('before BEGIN');
    if (sql === 'COMMIT') reached('before COMMIT');
    demandLife();
    if (sql === 'COMMIT') refuse(false);
    database.exec(sql);
    if (sql === 'COMMIT') reached('after COMMIT');
    demandLife();
  }

  function prepare(sql: string) {
    const ready = database.prepare(sql);
    const guard = () => {
      demandLife();
      if (database.isTransaction) reached('in a transaction');
      demandLife();
      if (!isRead(sql)) refuse(true);
    };
    return {
      columns: () => ready.columns(),
      setReturnArrays: (on: boolean) => ready.setReturnArrays(on),
      all(...values: Parameters<typeof ready.all>) {
        guard();
        return ready.all(...values);
      },
      run(...values: Parameters<typeof ready.run>) {
        guard();
        return ready.run(...values);
      },
    };
  }

  const walled = {
    exec,
    prepare,
    get isTransaction() {
      return life.alive && database.isTransaction;
    },
  };
  const inner = sqliteStore(walled as unknown as DatabaseSync);
  return {
    read: (statement, values) => (life.alive ? inner.read(statement, values) : never()),
    async transact(work) {
      await inner.transact(work);
      reached('after the effects of a commit');
      demandLife();
    },
  };
}

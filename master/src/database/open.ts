import type { Committer } from './commit.ts';
import { type Migration, migrations } from './migrations/list.ts';
import { openPostgres } from './postgres/open.ts';
import { isPostgresUrl } from './postgres/url.ts';
import { openSqlite } from './sqlite.ts';

/** The one store, whichever database holds it. */
export interface Database extends Committer {
  /** Where it lies, for people: a file, or an address without its password. */
  path: string;
  /** Other masters may write to it too: what memory holds of it is a hint. */
  shared: boolean;
  close(): Promise<void>;
}

/** Opens the store at a file, at `:memory:`, or in PostgreSQL at `postgres://user@host/database`, and brings its schema up to date. */
export async function openDatabase(db: string, steps: readonly Migration[] = migrations): Promise<Database> {
  return isPostgresUrl(db) ? openPostgres(db, steps) : openSqlite(db, steps);
}

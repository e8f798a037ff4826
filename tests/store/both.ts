import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import pg from 'pg';
import { type Dialect, type Migration, migrations } from '../../master/src/database/migrations/list.ts';
import { type Database, openDatabase } from '../../master/src/database/open.ts';
import { postgresOfThisFile, type TestPostgres } from '../support/postgres.ts';
import { openScope, type Scope } from '../support/scope.ts';

/** A fresh place for one test's store, in one of the two databases. */
export interface Place {
  dialect: Dialect;
  scope: Scope;
  /** What `--db` would say. */
  db: string;
  open: (steps?: readonly Migration[]) => Promise<Database>;
  /** Any SQL on a connection beside the master's; its rows. */
  sql: (text: string) => Promise<Row[]>;
}

type Row = Record<string, unknown>;

/** The same test on both databases, each in a fresh place. Called at the top level of a test file. */
export type OnBoth = (sentence: string, body: (place: Place, t: TestContext) => Promise<void>) => void;

export function onBothDatabases(): OnBoth & { server: TestPostgres } {
  const server = postgresOfThisFile();
  const places: [string, (t: TestContext) => Promise<Place>][] = [
    ['SQLite', sqlitePlace],
    ['PostgreSQL', (t) => postgresPlace(t, server)],
  ];
  const onBoth: OnBoth = (sentence, body) => {
    for (const [name, make] of places) test(`${sentence} (${name})`, async (t) => body(await make(t), t));
  };
  return Object.assign(onBoth, { server });
}

/** Opens with all of its steps unless told otherwise, and closes at the end what a test leaves open. */
function opener(scope: Scope, db: string): Place['open'] {
  return async (steps = migrations) => {
    const database = await openDatabase(db, steps);
    let closed: Promise<void> | undefined;
    const close = () => {
      closed ??= database.close();
      return closed;
    };
    scope.onEnd(close);
    return { ...database, close };
  };
}

export async function sqlitePlace(t: TestContext): Promise<Place> {
  const scope = openScope(t);
  const db = join(scope.dir, 'master.db');
  let beside: DatabaseSync | undefined;
  scope.onEnd(() => beside?.close());
  return {
    dialect: 'sqlite',
    scope,
    db,
    open: opener(scope, db),
    async sql(text) {
      beside ??= new DatabaseSync(db);
      return beside
        .prepare(text)
        .all()
        .map((row) => ({ ...row }));
    },
  };
}

export async function postgresPlace(t: TestContext, server: TestPostgres): Promise<Place> {
  const scope = openScope(t);
  const db = await server.database();
  const beside = new pg.Pool({ connectionString: db, max: 1, idleTimeoutMillis: 0 });
  beside.on('error', () => undefined);
  beside.on('connect', (client) => client.on('error', () => undefined));
  scope.onEnd(() => beside.end());
  return {
    dialect: 'postgres',
    scope,
    db,
    open: opener(scope, db),
    sql: async (text) => ((await beside.query(text)) as pg.QueryResult<Row>).rows,
  };
}

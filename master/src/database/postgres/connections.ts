import pg from 'pg';
import { compile, type Run, type Statement, type Value, type Values } from '../statement.ts';
import { translated } from './errors.ts';
import { sessionUrl } from './url.ts';

/** A server that is there answers in milliseconds; a request behind one that is not gets its 503 after this. */
const CONNECT_TIMEOUT_MS = 5000;
/** Longer than the server's own limits, so that only a connection that is dead without saying so ends by it. */
const ANSWER_TIMEOUT_MS = 20_000;

const { INT8, NUMERIC } = pg.types.builtins;

/** Times, counts and sizes are below 2^53 and come as numbers, as SQLite gives them; `sum` of bigint is a numeric. */
const types: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary') =>
    oid === INT8 || oid === NUMERIC ? Number : pg.types.getTypeParser(oid, format)) as typeof pg.types.getTypeParser,
};

export interface PoolSettings {
  max: number;
  /** Runs on each new connection before anybody uses it; throws to refuse it. */
  onConnect?: (client: pg.ClientBase) => Promise<void>;
}

export function openPool(db: string, { max, onConnect }: PoolSettings): pg.Pool {
  const pool = new pg.Pool({
    connectionString: sessionUrl(db),
    max,
    types,
    ...(onConnect ? { onConnect } : {}),
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    query_timeout: ANSWER_TIMEOUT_MS,
    keepAlive: true,
    // Prepared statements are worth keeping.
    idleTimeoutMillis: 0,
  });
  // A connection that dies while nobody uses it is replaced at the next use; one in use fails the query itself.
  pool.on('error', () => undefined);
  pool.on('connect', (client) => client.on('error', () => undefined));
  return pool;
}

/** A connection of its own, without a limit on its answers, for what may take minutes. */
export function openClient(db: string): pg.Client {
  const client = new pg.Client({
    connectionString: sessionUrl(db),
    types,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
  });
  client.on('error', () => undefined);
  return client;
}

type Queryable = Pick<pg.ClientBase, 'query'>;

/** One query that is no statement of a store: of transactions, locks and outcomes. */
export async function ask<Row extends pg.QueryResultRow>(
  queryable: Queryable,
  text: string,
  values: Value[] = [],
): Promise<pg.QueryResult<Row>> {
  try {
    return await queryable.query<Row>(text, values);
  } catch (error) {
    throw translated(error);
  }
}

interface Prepared {
  name: string;
  text: string;
  bind: (values: Values) => unknown[];
}

/** Statements by name, the same on every connection of this process. */
const prepared = new WeakMap<Statement<unknown>, Prepared>();
let serial = 0;

function prepare(statement: Statement<unknown>): Prepared {
  const known = prepared.get(statement);
  if (known) return known;
  const { sql, bind } = compile(statement, 'postgres');
  serial += 1;
  const fresh = { name: `s${serial}`, text: sql, bind: (values: Values) => bind(values).map(storable) };
  prepared.set(statement, fresh);
  return fresh;
}

/** PostgreSQL's text holds every character but U+0000; the replacement character stands for it, as for broken UTF-16. */
const storable = (value: unknown) => (typeof value === 'string' ? value.replaceAll('\0', '\u{FFFD}') : value);

export const runOn =
  (queryable: Queryable): Run =>
  async <Row>(statement: Statement<Row>, values: Values = {}) => {
    const { name, text, bind } = prepare(statement);
    const bound = bind(values);
    try {
      const { rows, rowCount, fields } = await queryable.query({ name, text, values: bound });
      return (fields.length > 0 ? rows : new Array(rowCount ?? 0).fill({})) as Row[];
    } catch (error) {
      throw translated(error);
    }
  };

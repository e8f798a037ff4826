import { mkdirSync } from 'node:fs';
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '@ffrtmp/runtime/clock';
import { systemTimers } from '@ffrtmp/runtime/clock';
import { type Connection, openConnection } from '@ffrtmp/runtime/connect';
import { newId } from '@ffrtmp/runtime/id';
import { createLogger } from '@ffrtmp/runtime/log';
import type { Client } from '@ffrtmp/shared/client';
import { readConfig } from '@ffrtmp/shared/config';
import { jobOperations } from '@ffrtmp/shared/contract/jobs';
import { keyOperations } from '@ffrtmp/shared/contract/keys';
import type { Job, JobRequestInput } from '@ffrtmp/shared/job/job';
import { masterOptions } from '../../master/src/config.ts';
import { type Database, openDatabase } from '../../master/src/database/open.ts';
import { buildMaster, type Master } from '../../master/src/master.ts';
import type { MasterSettings } from '../../master/src/wiring.ts';
import { postgresOfThisFile } from '../support/postgres.ts';
import { openScope, type Scope } from '../support/scope.ts';

/** Real time plus what the test adds to it. */
export interface MovableClock extends Clock {
  advance: (ms: number) => void;
}

export interface MasterOptions {
  /** Flags of bin/master. */
  flags?: readonly string[];
  /** The last master's data, to start again on it. */
  dataDir?: string;
  /** A file or an address; default a fresh store. With FFRTMP_TEST_DB=postgres a file stands for a database of its own. */
  db?: string;
  random?: () => number;
  machineId?: string;
  tls?: MasterSettings['tls'];
  /** A test that provokes an internal error names it; any other fails the test. */
  expectsFault?: RegExp;
}

export interface Reply {
  status: number;
  headers: Headers;
  text: string;
  json: unknown;
}

export interface RequestOptions {
  /** null: without a key. Default: the admin's. */
  key?: string | null;
  /** A string is sent as it is, anything else as JSON. */
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

/** A real master in this process, on a free loopback port, with a database on a memory file system. */
export interface MasterUnderTest {
  scope: Scope;
  master: Master;
  db: Database;
  dataDir: string;
  url: string;
  clock: MovableClock;
  adminKey: string;
  joinToken: string;
  connection: Connection;
  /** Typed calls with the admin key; every reply is parsed with its schema. */
  client: Client;
  as: (key: string) => Client;
  /** A new key of a role. */
  key: (role: 'admin' | 'submitter' | 'viewer') => Promise<string>;
  request: (method: string, path: string, options?: RequestOptions) => Promise<Reply>;
  submit: (request?: JobRequestInput) => Promise<Job>;
  job: (id: string) => Promise<Job>;
  /** Puts so many empty writes in line that whatever is asked meanwhile shares one group behind them. */
  holdWrites: () => Promise<unknown>;
  /** Ends the master and its database as SIGTERM would. */
  stop: () => Promise<void>;
}

/** `FFRTMP_TEST_DB=postgres node --test tests/contract/*.test.ts` runs the same tests on PostgreSQL. */
const postgres = process.env.FFRTMP_TEST_DB === 'postgres' ? postgresOfThisFile() : undefined;
const databaseOf = new Map<string, Promise<string>>();

/** Why a test that looks at SQLite's own files is skipped; false where it can run. */
export const withoutFile: string | false = postgres !== undefined && 'looks at the files of SQLite';

function storeFor(db: string | undefined): string | Promise<string> {
  if (!postgres || db?.startsWith('postgres:')) return db ?? ':memory:';
  if (db === undefined) return postgres.database();
  const known = databaseOf.get(db) ?? postgres.database();
  databaseOf.set(db, known);
  return known;
}

/** The upload store makes its folder without waiting for it; file work is taken in turn, so that lies behind us then. */
async function queuedFileWork(folder: string): Promise<void> {
  await Promise.all(Array.from({ length: 16 }, () => access(folder)));
}

export function movableClock(): MovableClock {
  let offsetMs = 0;
  return {
    now: () => Date.now() + offsetMs,
    monotonicMs: () => performance.now() + offsetMs,
    advance: (ms) => {
      offsetMs += ms;
    },
  };
}

type Context = Parameters<typeof openScope>[0];

export async function startMasterUnderTest(t: Context, options: MasterOptions = {}): Promise<MasterUnderTest> {
  const scope = openScope(t);
  return startMasterIn(scope, options);
}

export async function startMasterIn(scope: Scope, options: MasterOptions = {}): Promise<MasterUnderTest> {
  const dataDir = options.dataDir ?? join(scope.dir, 'data');
  mkdirSync(dataDir, { recursive: true });
  const clock = movableClock();
  const faults: string[] = [];
  const db = await openDatabase(await storeFor(options.db));
  const master = await buildMaster({
    config: readConfig('master', masterOptions, { argv: [...(options.flags ?? [])], env: {}, file: undefined }),
    dataDir,
    db,
    clock,
    timers: systemTimers,
    newId,
    log: createLogger('master', 'error', { write: (line) => faults.push(line) }),
    random: options.random ?? Math.random,
    tls: options.tls ?? null,
    machineId: options.machineId ?? 'the-masters-machine',
  });
  await master.app.listen({ host: '127.0.0.1', port: 0 });
  const secrets = await master.firstStart();
  const address = master.app.server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  const url = `${options.tls ? 'https' : 'http'}://127.0.0.1:${port}`;
  let stopped: Promise<void> | undefined;
  const stop = () => {
    stopped ??= master
      .close()
      .then(() => db.close())
      .then(() => queuedFileWork(dataDir));
    return stopped;
  };
  scope.onEnd(async () => {
    await stop();
    const unexpected = faults.filter((line) => !options.expectsFault?.test(line));
    if (unexpected.length > 0) throw new Error(`the master logged faults:\n${unexpected.join('')}`);
  });
  return callable(scope, {
    scope,
    master,
    db,
    dataDir,
    url,
    clock,
    adminKey: secrets?.adminKey ?? '',
    joinToken: secrets?.joinToken ?? '',
    stop,
  });
}

/** About half a second of groups. */
const HELD_WRITES = 50_000;

type Parts = 'holdWrites' | 'connection' | 'client' | 'as' | 'key' | 'request' | 'submit' | 'job';

function callable(scope: Scope, running: Omit<MasterUnderTest, Parts>): MasterUnderTest {
  const { url, adminKey } = running;
  const connect = (key: string | undefined) => {
    const connection = openConnection({ url, key, ca: undefined });
    scope.onEnd(() => connection.close());
    return connection;
  };
  const connection = connect(adminKey);
  const { client } = connection;
  return {
    ...running,
    connection,
    client,
    as: (key) => connect(key).client,
    key: async (role) => (await client.call(keyOperations.create, { body: { role, name: `a ${role}` } })).key,
    request: (method, path, options) => send(connection, method, path, options),
    submit: async (request = {}) =>
      (await client.call(jobOperations.submit, { body: { scenario: '360p-h264', ...request } })) as Job,
    holdWrites: () => Promise.all(Array.from({ length: HELD_WRITES }, () => running.db.write(async () => undefined))),
    job: (id) => client.call(jobOperations.get, { params: { id } }),
  };
}

async function send(
  { client, url, key }: Connection,
  method: string,
  path: string,
  options: RequestOptions = {},
): Promise<Reply> {
  const { body } = options;
  const secret = options.key === undefined ? key : options.key;
  const headers: Record<string, string> = {
    ...(secret ? { authorization: `Bearer ${secret}` } : {}),
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    ...options.headers,
  };
  const init: RequestInit = { method, headers };
  if (options.signal) init.signal = options.signal;
  if (body !== undefined) init.body = typeof body === 'string' ? body : JSON.stringify(body);
  const response = await client.settings.fetch(url + path, init);
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.startsWith('application/json');
  return {
    status: response.status,
    headers: response.headers,
    text,
    json: isJson && text !== '' ? JSON.parse(text) : undefined,
  };
}

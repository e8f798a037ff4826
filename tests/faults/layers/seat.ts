import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type Connection, openConnection } from '@ffrtmp/runtime/connect';
import { jobOperations } from '@ffrtmp/shared/contract/jobs';
import { binary, type Program, repository, startProgram } from '../../support/process.ts';
import type { Scope } from '../../support/scope.ts';
import { until } from '../../support/until.ts';
import { check } from '../check/check.ts';
import type { CheckOptions } from '../check/evidence.ts';
import type { JournalEntry } from '../check/journal.ts';

/** The shortest lease a master takes: faults of time cost little. */
export const LEASE_MS = 5000;
/** A start is 0.5 s; this is for a machine that does many other things. */
const READY_LIMIT_MS = 90_000;
const KEY = 'the-admin-key-of-the-campaign';
/** Two busy cores, several processes, and replies that lie between two clocks. */
const SLACK_MS = 1500;
/** Many times what they need, on a machine that does other things too. */
const DRAIN_LIMIT_MS = 75_000;

/** Modules compiled once: a start takes 0.5 s and not 0.8 s. */
export const compileCache = join(repository, 'out', 'campaign', 'compile-cache');
export const preload = (name: string) => `--import=${new URL(`../preload/${name}.ts`, import.meta.url)}`;

/** One data directory and one port with masters that come and go on them, and everything that was said about them. */
export interface Seat {
  dataDir: string;
  url: string;
  key: string;
  admin: Connection;
  journal: JournalEntry[];
  readyAt: number[];
  agentDirs: string[];
  /** Starts a master; resolves when it is ready, or with false when it ended before. */
  start: (env?: Record<string, string>, within?: readonly string[]) => Promise<{ program: Program; ready: boolean }>;
  /** Jobs that have not ended, from the rows. */
  openJobs: () => number;
  /** Waits for the end of every job; those that do not end are a broken promise, described. */
  allEnded: () => Promise<string[]>;
  /** `disowned`: a claim of its node did not name it, so the master took it back before its lease had run out. */
  lostAttempts: () => { id: string; disowned: boolean; text: string }[];
  /** For people: what became of jobs and attempts. */
  counts: () => Record<string, number>;
  /** The checker over journal and rows; with files where nobody is at work any more. */
  check: (options?: CheckOptions) => string[];
}

export async function openSeat(scope: Scope, args: readonly string[] = []): Promise<Seat> {
  const dataDir = scope.folder('master');
  const flags = ['--data-dir', dataDir, '--metrics=false', '--lease', `${LEASE_MS}ms`, '--log-level', 'warn', ...args];
  const readyAt: number[] = [];
  const journal: JournalEntry[] = [];
  let port = '0';
  let url = '';
  async function start(env: Record<string, string> = {}, within: readonly string[] = []) {
    const [command = '', ...words] = [...within, binary('master'), '--port', port, ...flags];
    const program = startProgram(scope, command, words, {
      name: 'master',
      env: { MASTER_API_KEY: KEY, FFRTMP_DIST: '1', NODE_COMPILE_CACHE: compileCache, ...env },
    });
    const line = await program.waitForLine(/^master ready at (\S+)/, READY_LIMIT_MS).catch(() => undefined);
    if (line) {
      readyAt.push(Date.now());
      url = line[1] ?? '';
      port = new URL(url).port;
    }
    return { program, ready: line !== undefined };
  }
  // The first one fixes the port, makes the store, and leaves its compiled modules where later ones find them.
  const first = await start();
  if (!first.ready) throw new Error(`the first master did not start\n${first.program.stderr()}`);
  await first.program.stop();
  const admin = openConnection({ url, key: KEY, ca: undefined });
  scope.onEnd(() => admin.close());
  const withRows = <T>(read: (database: DatabaseSync) => T): T => {
    const database = new DatabaseSync(join(dataDir, 'master.db'), { readOnly: true, timeout: 5000 });
    try {
      return read(database);
    } finally {
      database.close();
    }
  };
  const openJobs = () =>
    withRows((database) => {
      const sql = "SELECT count(*) AS open FROM jobs WHERE state NOT IN ('completed', 'failed', 'canceled')";
      return (database.prepare(sql).get() as { open: number }).open;
    });
  return {
    ...{ dataDir, url, key: KEY, admin, journal, readyAt, start, openJobs },
    agentDirs: [],
    lostAttempts: () =>
      withRows((database) => {
        const sql = "SELECT id, error, ended_at - leased_at AS ms FROM attempts WHERE state = 'lost' ORDER BY id";
        const rows = database.prepare(sql).all() as { id: string; error: string; ms: number }[];
        return rows.map(({ id, error, ms }) => ({
          id,
          disowned: /no longer knows/.test(error),
          text: `${error}; ${ms} ms`,
        }));
      }),
    counts: () =>
      withRows((database) => {
        const sql =
          "SELECT 'jobs ' || state AS name, count(*) AS count FROM jobs GROUP BY state UNION ALL " +
          "SELECT 'attempts ' || state, count(*) FROM attempts GROUP BY state";
        const rows = database.prepare(sql).all() as { name: string; count: number }[];
        return Object.fromEntries(rows.map(({ name, count }) => [name, count]));
      }),
    allEnded: () =>
      until('the end of every job', () => openJobs() === 0, DRAIN_LIMIT_MS).then(
        () => [],
        () => describeOpen(admin, withRows),
      ),
    check: (options = {}) =>
      withRows((database) => check(database, journal, { leaseMs: LEASE_MS, readyAt, slackMs: SLACK_MS, ...options })),
  };
}

type WithRows = <T>(read: (database: DatabaseSync) => T) => T;
const SHOWN = 5;

/** P2 for a person: what the rows say of jobs that should have ended by now, and what the master says of them. */
async function describeOpen(admin: Connection, withRows: WithRows): Promise<string[]> {
  const rows = withRows((database) => {
    const sql =
      'SELECT jobs.id, jobs.state, jobs.not_before, tasks.state AS task, claimable, due_at, class_id, attempts, failures, losses ' +
      "FROM jobs JOIN tasks ON job_seq = seq WHERE jobs.state NOT IN ('completed', 'failed', 'canceled') LIMIT ?";
    return database.prepare(sql).all(SHOWN) as { id: string }[];
  });
  const said = rows.map(async (row) => {
    const why = await admin.client.call(jobOperations.why, { params: { id: row.id } }).catch(String);
    return `P2: a job does not end: ${JSON.stringify(row)}; why: ${JSON.stringify(why)}`;
  });
  return Promise.all(said);
}

import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import type { JournalEntry } from './journal.ts';

/** Rows as the checker sees them: the columns it looks at, whatever else the tables hold by then. */
export interface JobFact {
  seq: number;
  id: string;
  state: string;
  max_retries: number;
  not_before: number | null;
  quarantined: number;
  error: string | null;
  created_at: number;
  completed_at: number | null;
}
export interface TaskFact {
  id: string;
  job_seq: number;
  kind: string;
  round: number;
  state: string;
  required: number;
  class_id: number;
  tenant_id: string;
  claimable: number;
  attempts: number;
  failures: number;
  losses: number;
}
export interface AttemptFact {
  id: string;
  task_id: string;
  job_seq: number;
  number: number;
  node_id: string;
  state: string;
  cause: string | null;
  failure_class: string | null;
  error: string | null;
  leased_at: number;
  ended_at: number | null;
}
export interface ArtifactFact {
  attempt_id: string;
  task_id: string;
  role: string;
  idx: number;
  sha256: string;
  bytes: number;
}
export interface EventFact {
  seq: number;
  job_id: string | null;
  task_id: string | null;
  attempt_id: string | null;
  kind: string;
  from_state: string | null;
  to_state: string | null;
  reason: string | null;
  at: number;
}

export interface LaneCount {
  classId: number;
  tenantId: string;
  ready: number;
}

/** What lies in the folders of master and agents. */
export interface DiskFacts {
  walBytes: number;
  /** Log of an attempt by its id. */
  logs: ReadonlyMap<string, string>;
  /** Size of a stored file by its digest. */
  files: ReadonlyMap<string, number>;
  /** Unfinished uploads, folders of ended attempts: what a sweep should have removed. */
  left: readonly string[];
}

export interface CheckOptions {
  /** The lease of the masters that were watched. Without it nothing about time is checked. */
  leaseMs?: number;
  /** When masters became ready: each gives every live lease a full term. */
  readyAt?: readonly number[];
  /** Spans in which the master stood still (SIGSTOP): nothing could be reclaimed. */
  stoodStill?: readonly { from: number; until: number }[];
  /** Replies may have been lost on their way: a lease may have been renewed later than anybody was told. */
  renewalsUnknown?: boolean;
  /** Added to every limit in time: two processes on a busy machine. */
  slackMs?: number;
  /** How many attempts a node may hold at once; default its `slots`. */
  capacityOf?: (nodeId: string) => number;
  /** In-memory counts of the master, where somebody could ask for them while nothing changed. */
  lanes?: readonly LaneCount[];
  /** Data directory of the master. Without it nothing about files is checked. */
  dataDir?: string;
  agentDirs?: readonly string[];
  /** The sweep has run and no agent is at work: temporary files are a fault. */
  swept?: boolean;
  /** Nothing was asked for that is not in the journal: a job nobody was told of is a fault only in that case. */
  journalIsWhole?: boolean;
  maxWalBytes?: number;
}

/** Everything an invariant may look at. */
export interface Evidence {
  jobs: readonly JobFact[];
  /** Name of a job by its id, as submitted. */
  names: ReadonlyMap<string, string>;
  tasks: readonly TaskFact[];
  attempts: readonly AttemptFact[];
  artifacts: readonly ArtifactFact[];
  events: readonly EventFact[];
  slots: ReadonlyMap<string, number>;
  /** What SQLite says of its own file: `ok`, and no broken reference. */
  integrity: readonly string[];
  journal: readonly JournalEntry[];
  disk: DiskFacts | null;
  options: CheckOptions;
}

const rows = <Row>(database: DatabaseSync, sql: string) => database.prepare(sql).all() as unknown as Row[];

function namesOf(database: DatabaseSync): Map<string, string> {
  const found = rows<{ id: string; name: string | null }>(
    database,
    "SELECT jobs.id, json_extract(body, '$.name') AS name FROM jobs JOIN job_bodies ON job_seq = seq",
  );
  return new Map(found.flatMap(({ id, name }) => (name === null ? [] : [[id, name]])));
}

function integrityOf(database: DatabaseSync): string[] {
  const answers = rows<{ integrity_check: string }>(database, 'PRAGMA integrity_check').map(
    (row) => row.integrity_check,
  );
  const broken = rows<{ table: string; parent: string }>(database, 'PRAGMA foreign_key_check');
  return [
    ...answers.filter((answer) => answer !== 'ok'),
    ...broken.map(({ table, parent }) => `a row of ${table} refers to nothing in ${parent}`),
  ];
}

const listOf = (folder: string) => (existsSync(folder) ? readdirSync(folder) : []);

function filesIn(folder: string): Map<string, number> {
  const found = new Map<string, number>();
  for (const part of listOf(folder))
    for (const name of listOf(join(folder, part)))
      found.set(name, statSync(join(folder, part, name), { throwIfNoEntry: false })?.size ?? -1);
  return found;
}

/** An upload may be continued for a day; the sweep after that has an hour. */
const UPLOAD_MS = 25 * 3_600_000;

function abandonedUploads(folder: string): string[] {
  const changedAt = (name: string) => statSync(join(folder, name), { throwIfNoEntry: false })?.mtimeMs ?? Date.now();
  return listOf(folder).filter((name) => Date.now() - changedAt(name) > UPLOAD_MS);
}

function readDisk({ dataDir, agentDirs = [] }: CheckOptions): DiskFacts | null {
  if (dataDir === undefined) return null;
  const logs = new Map(
    listOf(join(dataDir, 'logs')).map((name) => [
      name.replace(/\.log$/, ''),
      readFileSync(join(dataDir, 'logs', name), 'utf8'),
    ]),
  );
  const left = [
    ...abandonedUploads(join(dataDir, 'uploads')).map((name) => `uploads/${name}`),
    ...agentDirs.flatMap((folder) => listOf(join(folder, 'jobs')).map((name) => `the agent's jobs/${name}`)),
  ];
  const walBytes = statSync(join(dataDir, 'master.db-wal'), { throwIfNoEntry: false })?.size ?? 0;
  return { walBytes, logs, files: filesIn(join(dataDir, 'files')), left };
}

/** Reads everything once, in one view of the database: the master may go on meanwhile. */
export function gather(database: DatabaseSync, journal: readonly JournalEntry[], options: CheckOptions): Evidence {
  database.exec('BEGIN');
  try {
    return {
      jobs: rows(database, 'SELECT * FROM jobs ORDER BY seq'),
      names: namesOf(database),
      tasks: rows(database, 'SELECT * FROM tasks ORDER BY job_seq, position'),
      attempts: rows(database, 'SELECT * FROM attempts ORDER BY task_id, number'),
      artifacts: rows(database, 'SELECT * FROM artifacts ORDER BY attempt_id, role, idx'),
      events: rows(database, 'SELECT * FROM events ORDER BY seq'),
      slots: new Map(
        rows<{ id: string; slots: number }>(database, 'SELECT id, slots FROM nodes').map((n) => [n.id, n.slots]),
      ),
      integrity: integrityOf(database),
      journal,
      disk: readDisk(options),
      options,
    };
  } finally {
    database.exec('COMMIT');
  }
}

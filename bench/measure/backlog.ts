import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { say } from './gate.ts';

export interface Backlog {
  jobs: number;
  tenants: number;
}

/**
 * A UUID of version 7 in SQL: a time that rises with the row, then its number. `kind` keeps jobs and tasks apart.
 */
const uuid = (kind: number) =>
  `printf('01a00000-%04x-7%03x-${kind.toString(16)}%03x-%012x', n >> 16 & 65535, n >> 4 & 4095, n & 4095, n)`;

/** Columns of a table as the database has them, so that a new one is copied from the pattern like the others. */
const columnsOf = (db: DatabaseSync, table: string) =>
  (db.prepare(`PRAGMA table_info(${table})`).all() as { name: string }[]).map((column) => column.name);

/**
 * Makes `jobs` pending jobs like the ones that were submitted to this stopped master's database, by statements over
 * sets: each row is a copy of a submitted one's, spread over the classes of those and over tenants. Then lanes are many,
 * as in use: every class times every tenant.
 */
export function fillBacklog(path: string, { jobs, tenants }: Backlog): void {
  const startMs = performance.now();
  const db = new DatabaseSync(path);
  db.exec('PRAGMA synchronous = OFF; PRAGMA cache_size = -524288; PRAGMA temp_store = MEMORY; BEGIN');
  const first = (db.prepare('SELECT max(seq) AS seq FROM jobs').get() as { seq: number }).seq;
  const patterns = (
    db.prepare("SELECT seq FROM jobs WHERE state = 'pending' ORDER BY seq").all() as { seq: number }[]
  ).map((row) => row.seq);
  db.exec(`CREATE TEMP TABLE numbers (n INTEGER PRIMARY KEY, tenant TEXT NOT NULL, pattern INTEGER NOT NULL)`);
  db.exec(`CREATE TEMP TABLE patterns (at INTEGER PRIMARY KEY, seq INTEGER NOT NULL)`);
  for (const [at, seq] of patterns.entries()) db.prepare('INSERT INTO patterns VALUES (?, ?)').run(at, seq);
  const tenantOf = `CASE n / ${patterns.length} % ${tenants} WHEN 0 THEN 'default' ELSE 'tenant-' || (n / ${patterns.length} % ${tenants}) END`;
  db.exec(
    `WITH RECURSIVE counted (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counted WHERE n < ${jobs})
     INSERT INTO numbers SELECT n, ${tenantOf}, (SELECT seq FROM patterns WHERE at = n % ${patterns.length}) FROM counted`,
  );
  copyTenants(db, tenants);
  copyJobs(db, first);
  db.exec('COMMIT; PRAGMA wal_checkpoint(TRUNCATE)');
  db.close();
  say(`${jobs} pending jobs of ${tenants} tenants in ${Math.round((performance.now() - startMs) / 1000)} s`);
}

function copyTenants(db: DatabaseSync, tenants: number): void {
  const columns = columnsOf(db, 'tenants');
  for (let one = 1; one < tenants; one += 1) {
    const values = columns.map((name) => (name === 'id' || name === 'name' ? `'tenant-${one}'` : name)).join(', ');
    db.exec(`INSERT INTO tenants SELECT ${values} FROM tenants WHERE id = 'default'`);
  }
}

function copyJobs(db: DatabaseSync, first: number): void {
  const seq = `${first} + n`;
  const tenant_id = 'numbers.tenant';
  const from = (table: string, key: string, own: Record<string, string>, more = '') => {
    const columns = columnsOf(db, table);
    const values = columns.map((column) => own[column] ?? `pattern.${column}`).join(', ');
    db.exec(
      `INSERT INTO ${table} (${columns.join(', ')}) SELECT ${values} FROM numbers CROSS JOIN ${table} AS pattern
       ON ${key} ${more} ORDER BY n`,
    );
  };
  from('jobs', 'pattern.seq = numbers.pattern', { seq, id: uuid(8), tenant_id });
  from('job_bodies', 'pattern.job_seq = numbers.pattern', { job_seq: seq });
  from('tasks', 'pattern.job_seq = numbers.pattern', { id: uuid(9), job_seq: seq, tenant_id, ord: seq });
  const ofTask = '(SELECT id FROM tasks WHERE job_seq = numbers.pattern AND position = 0)';
  from('task_bodies', `pattern.task_id = ${ofTask}`, { task_id: uuid(9) });
  const ofEvent = '(SELECT min(seq) FROM events WHERE job_id = (SELECT id FROM jobs WHERE seq = numbers.pattern))';
  from('events', `pattern.seq = ${ofEvent}`, { seq: 'NULL', tenant_id, job_id: uuid(8) });
}

/** The database file of a data directory. */
export const databaseOf = (dataDir: string) => join(dataDir, 'master.db');

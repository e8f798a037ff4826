/** Jobs and tasks in the end; other tables hold fewer rows, yet enough that a scan would be far dearer than an index. */
export const ROWS = 1_000_000;
const WAITING = ROWS / 10;

const numbers = (from: number, to: number) =>
  `WITH RECURSIVE n (i) AS (SELECT ${from} UNION ALL SELECT i + 1 FROM n WHERE i < ${to})`;
/** Identifiers rise, as those of version 7 do. */
const id = (of: string, number: string) => `'${of} ' || (1000000 + ${number})`;

/** What the planner may know: a tenth of the jobs is due later, a fiftieth of the waiting ones has a live attempt. */
const rows = (from: number, to: number, finished: boolean): string[] => {
  const range = `seq BETWEEN ${from} AND ${to}`;
  const jobState = finished ? "'completed', i" : "'pending', NULL";
  const taskState = finished
    ? "'succeeded', 0, NULL"
    : "'ready', CASE WHEN seq % 10 = 0 THEN 0 ELSE 1 END, CASE WHEN seq % 10 = 0 THEN seq END";
  const attemptState = finished
    ? "'succeeded', seq"
    : "CASE WHEN seq % 50 = 0 THEN 'leased' ELSE 'lost' END, CASE WHEN seq % 50 = 0 THEN NULL ELSE seq END";
  return [
    `${numbers(from, to)}
     INSERT INTO jobs (seq, id, tenant_id, queue, priority, retry_count, max_retries, quarantined, created_at, state, completed_at)
     SELECT i, ${id('job', 'i')}, 'default', 'default', 'medium', 0, 3, 0, i, ${jobState} FROM n`,
    `INSERT INTO tasks (id, job_seq, position, tenant_id, kind, mode, required, class_id, ord, attempts, failures, losses, state, claimable, due_at)
     SELECT ${id('task', 'seq')}, seq, 0, 'default', 'transcode', 'finite', 1, 1 + seq % 2, seq, 0, 0, 0, ${taskState} FROM jobs WHERE ${range}`,
    `INSERT INTO attempts (id, task_id, job_seq, tenant_id, number, node_id, leased_at, state, ended_at)
     SELECT ${id('attempt', 'seq')}, ${id('task', 'seq')}, seq, 'default', 1, 'node ' || seq % 100, seq, ${attemptState} FROM jobs WHERE ${range}${finished ? ' AND seq % 10 = 0' : ''}`,
  ];
};

/** SQL that both databases understand: many jobs that wait, and what stands beside them. */
export const waiting: readonly string[] = [
  "INSERT INTO tenants (id, name, created_at) VALUES ('default', 'default', 0)",
  "INSERT INTO classes (id, body) VALUES (1, 'one'), (2, 'two')",
  ...rows(1, WAITING, false),
  "INSERT INTO events (tenant_id, job_id, kind, at) SELECT 'default', id, 'job', seq FROM jobs",
  "INSERT INTO job_bodies (job_seq, body) SELECT seq, '{}' FROM jobs",
  "INSERT INTO task_bodies (task_id, body) SELECT id, '{}' FROM tasks",
  `INSERT INTO task_needs (task_id, needs_id) SELECT id, ${id('task', 'job_seq % 1000')} FROM tasks WHERE job_seq % 2 = 0`,
  "INSERT INTO job_labels (tenant_id, name, value, job_seq) SELECT 'default', 'label ' || seq % 20, 'value ' || seq % 200, seq FROM jobs",
  "INSERT INTO attempt_results (attempt_id, digest, body) SELECT id, 'a digest', '{}' FROM attempts",
  "INSERT INTO attempt_power (attempt_id, at, body) SELECT id, 0, '[]' FROM attempts",
  "INSERT INTO attempt_prices (attempt_id, body) SELECT id, '[]' FROM attempts",
  // A thousand hours of a hundred nodes.
  `INSERT INTO node_power (node_id, period, method, scope, run, quality, seconds, covered_s, total_j, jobs_j, other_j, idle_j, rest_j)
   SELECT 'node ' || (seq % 100), seq / 100 * 3600000, 'rapl', 'cpu', 'a run', 'measured', 1, 1, 1, 1, 0, 0, 0 FROM jobs`,
  `INSERT INTO artifacts (attempt_id, task_id, role, idx, sha256, bytes)
   SELECT id, task_id, 'output', 0, 'sha ' || job_seq, 1 FROM attempts`,
  `INSERT INTO files (sha256, bytes, created_at) SELECT ${id('sha', 'seq')}, 1, seq FROM jobs`,
  "INSERT INTO file_owners (tenant_id, sha256, created_at) SELECT 'default', sha256, 0 FROM files",
  `INSERT INTO idempotency (tenant_id, key, body_hash, job_seqs, created_at)
   SELECT 'default', ${id('key', 'seq')}, 'a hash', '[]', seq FROM jobs`,
];

/** Nine times as many that have finished: of a million, a tenth waits. */
export const finished: readonly string[] = rows(WAITING + 1, ROWS, true);

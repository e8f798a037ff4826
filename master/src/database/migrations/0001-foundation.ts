import { attemptStates, jobStates, liveAttemptStates, taskStates } from '@ffrtmp/shared/job/state';

const oneOf = (states: readonly string[]) => states.map((state) => `'${state}'`).join(', ');

/**
 * Jobs, tasks, attempts and what belongs to them. Hot rows are narrow: free text and JSON lie in `*_bodies` tables.
 * The CHECK constraints are built from the transition tables, so that the database refuses a state that is not drawn.
 */
export const foundation = `
CREATE TABLE tenants (id TEXT PRIMARY KEY, name TEXT NOT NULL, created_at INTEGER NOT NULL) STRICT;

CREATE TABLE keys (
  id TEXT PRIMARY KEY, tenant_id TEXT NOT NULL REFERENCES tenants (id), role TEXT NOT NULL, name TEXT NOT NULL,
  hash TEXT NOT NULL UNIQUE, node_id TEXT, created_at INTEGER NOT NULL, expires_at INTEGER, revoked_at INTEGER
) STRICT;

CREATE TABLE nodes (
  id TEXT PRIMARY KEY, tenant_id TEXT NOT NULL REFERENCES tenants (id), address TEXT NOT NULL UNIQUE, name TEXT NOT NULL,
  facts TEXT NOT NULL, slots INTEGER NOT NULL, version TEXT NOT NULL, protocol INTEGER NOT NULL, machine_id TEXT,
  master_as_worker INTEGER NOT NULL, draining INTEGER NOT NULL, registered_at INTEGER NOT NULL, last_heartbeat INTEGER
) STRICT;
CREATE TABLE node_profiles (
  node_id TEXT NOT NULL, valid_from INTEGER NOT NULL, facts TEXT NOT NULL, PRIMARY KEY (node_id, valid_from)
) STRICT, WITHOUT ROWID;

CREATE TABLE classes (id INTEGER PRIMARY KEY AUTOINCREMENT, body TEXT NOT NULL UNIQUE) STRICT;

CREATE TABLE jobs (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, tenant_id TEXT NOT NULL REFERENCES tenants (id),
  state TEXT NOT NULL CHECK (state IN (${oneOf(jobStates)})), queue TEXT NOT NULL, priority TEXT NOT NULL,
  retry_count INTEGER NOT NULL, max_retries INTEGER NOT NULL, not_before INTEGER, failure_class TEXT,
  quarantined INTEGER NOT NULL, error TEXT, created_at INTEGER NOT NULL, started_at INTEGER, completed_at INTEGER,
  CHECK ((completed_at IS NOT NULL) = (state IN ('completed', 'failed', 'canceled')))
) STRICT;
CREATE INDEX jobs_by_state ON jobs (state, seq);
CREATE TABLE job_bodies (job_seq INTEGER PRIMARY KEY REFERENCES jobs (seq) ON DELETE CASCADE, body TEXT NOT NULL) STRICT;
CREATE TABLE job_labels (
  tenant_id TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL,
  job_seq INTEGER NOT NULL REFERENCES jobs (seq) ON DELETE CASCADE, PRIMARY KEY (tenant_id, name, job_seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE tasks (
  id TEXT PRIMARY KEY, job_seq INTEGER NOT NULL REFERENCES jobs (seq) ON DELETE CASCADE, position INTEGER NOT NULL,
  tenant_id TEXT NOT NULL, kind TEXT NOT NULL, mode TEXT NOT NULL CHECK (mode IN ('finite', 'continuous')),
  state TEXT NOT NULL CHECK (state IN (${oneOf(taskStates)})), required INTEGER NOT NULL,
  class_id INTEGER NOT NULL REFERENCES classes (id), ord INTEGER NOT NULL,
  claimable INTEGER NOT NULL CHECK (claimable IN (0, 1) AND (claimable = 0 OR state = 'ready')),
  due_at INTEGER, attempts INTEGER NOT NULL, failures INTEGER NOT NULL, losses INTEGER NOT NULL, avoid_node_id TEXT
) STRICT;
CREATE INDEX tasks_claimable ON tasks (class_id, tenant_id, ord) WHERE claimable = 1;
CREATE INDEX tasks_due ON tasks (due_at) WHERE state = 'ready' AND claimable = 0;
CREATE UNIQUE INDEX tasks_by_job ON tasks (job_seq, position);
CREATE TABLE task_bodies (task_id TEXT PRIMARY KEY REFERENCES tasks (id) ON DELETE CASCADE, body TEXT NOT NULL) STRICT;
CREATE TABLE task_needs (
  task_id TEXT NOT NULL REFERENCES tasks (id) ON DELETE CASCADE, needs_id TEXT NOT NULL, PRIMARY KEY (task_id, needs_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX task_needs_reverse ON task_needs (needs_id);

CREATE TABLE attempts (
  id TEXT PRIMARY KEY, task_id TEXT NOT NULL REFERENCES tasks (id) ON DELETE CASCADE, job_seq INTEGER NOT NULL,
  tenant_id TEXT NOT NULL, number INTEGER NOT NULL, node_id TEXT NOT NULL, claim_id TEXT,
  state TEXT NOT NULL CHECK (state IN (${oneOf(attemptStates)})), cause TEXT, failure_class TEXT, error TEXT,
  leased_at INTEGER NOT NULL, started_at INTEGER, ended_at INTEGER,
  UNIQUE (task_id, number),
  CHECK ((ended_at IS NULL) = (state IN (${oneOf(liveAttemptStates)})))
) STRICT;
CREATE UNIQUE INDEX attempts_one_live ON attempts (task_id) WHERE ended_at IS NULL;
CREATE UNIQUE INDEX attempts_one_success ON attempts (task_id) WHERE state = 'succeeded';
CREATE INDEX attempts_by_job ON attempts (job_seq);
CREATE INDEX attempts_by_node ON attempts (node_id, ended_at);
CREATE TABLE attempt_results (
  attempt_id TEXT PRIMARY KEY REFERENCES attempts (id) ON DELETE CASCADE, digest TEXT NOT NULL, body TEXT NOT NULL
) STRICT;
CREATE TABLE artifacts (
  attempt_id TEXT NOT NULL REFERENCES attempts (id) ON DELETE CASCADE, task_id TEXT NOT NULL, role TEXT NOT NULL,
  idx INTEGER NOT NULL, sha256 TEXT NOT NULL, bytes INTEGER NOT NULL, name TEXT, PRIMARY KEY (attempt_id, role, idx)
) STRICT, WITHOUT ROWID;
CREATE INDEX artifacts_by_task ON artifacts (task_id);

CREATE TABLE files (sha256 TEXT PRIMARY KEY, bytes INTEGER NOT NULL, created_at INTEGER NOT NULL) STRICT;
CREATE TABLE file_owners (
  tenant_id TEXT NOT NULL, sha256 TEXT NOT NULL REFERENCES files (sha256), created_at INTEGER NOT NULL,
  PRIMARY KEY (tenant_id, sha256)
) STRICT, WITHOUT ROWID;

CREATE TABLE events (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, tenant_id TEXT NOT NULL, job_id TEXT, task_id TEXT, attempt_id TEXT,
  kind TEXT NOT NULL, from_state TEXT, to_state TEXT, reason TEXT, at INTEGER NOT NULL
) STRICT;
CREATE INDEX events_by_job ON events (job_id, seq);

CREATE TABLE idempotency (
  tenant_id TEXT NOT NULL, key TEXT NOT NULL, body_hash TEXT NOT NULL, job_seqs TEXT NOT NULL,
  created_at INTEGER NOT NULL, PRIMARY KEY (tenant_id, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_by_age ON idempotency (created_at);
`;

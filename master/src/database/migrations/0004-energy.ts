/**
 * Energy that is known before anything has ended. `node_power`: what each source says of a whole node by hour (`period` is
 * its start), one row a run of the agent, because the sums of one run only grow. `attempt_power`: the latest figures of an
 * attempt that runs or ended without a result, and when they were heard.
 */
export const energy = `
CREATE TABLE node_power (
  node_id TEXT NOT NULL, period INTEGER NOT NULL, method TEXT NOT NULL, scope TEXT NOT NULL, run TEXT NOT NULL,
  quality TEXT NOT NULL, seconds REAL NOT NULL, covered_s REAL NOT NULL, total_j REAL NOT NULL, jobs_j REAL NOT NULL,
  other_j REAL NOT NULL, idle_j REAL NOT NULL, rest_j REAL NOT NULL,
  PRIMARY KEY (node_id, period, method, scope, run)
) STRICT, WITHOUT ROWID;
CREATE INDEX node_power_by_age ON node_power (period);
CREATE TABLE attempt_power (
  attempt_id TEXT PRIMARY KEY REFERENCES attempts (id) ON DELETE CASCADE, at INTEGER NOT NULL, body TEXT NOT NULL
) STRICT;
`;

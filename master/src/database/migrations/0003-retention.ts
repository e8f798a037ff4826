/**
 * What retention needs. Sums by day that outlive their jobs (`dimension` says what `key` is: a tenant, a node, a label as
 * `name=value`; `day` is midnight UTC), when a file was last of use, what was pruned of it, and the indexes by which a
 * job goes with all that belongs to it.
 */
export const retention = `
CREATE INDEX jobs_ended ON jobs (completed_at) WHERE completed_at IS NOT NULL;
CREATE INDEX jobs_by_input ON jobs (tenant_id, input_sha256, completed_at) WHERE input_sha256 IS NOT NULL;
CREATE INDEX job_labels_by_job ON job_labels (job_seq);
CREATE INDEX attempts_ended ON attempts (ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX artifacts_by_file ON artifacts (sha256, attempt_id);
CREATE INDEX file_owners_by_file ON file_owners (sha256);

ALTER TABLE file_owners ADD COLUMN used_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE file_owners ADD COLUMN named INTEGER NOT NULL DEFAULT 1 CHECK (named IN (0, 1));
UPDATE file_owners SET used_at = created_at;
CREATE INDEX file_owners_by_use ON file_owners (used_at);
CREATE INDEX file_owners_unnamed ON file_owners (used_at) WHERE named = 0;
CREATE TABLE pruned_files (
  tenant_id TEXT NOT NULL, sha256 TEXT NOT NULL, pruned_at INTEGER NOT NULL, PRIMARY KEY (tenant_id, sha256)
) STRICT, WITHOUT ROWID;
CREATE INDEX pruned_files_by_age ON pruned_files (pruned_at);

CREATE TABLE daily_jobs (
  tenant_id TEXT NOT NULL, dimension TEXT NOT NULL, day INTEGER NOT NULL, key TEXT NOT NULL,
  completed INTEGER NOT NULL, failed INTEGER NOT NULL, canceled INTEGER NOT NULL,
  PRIMARY KEY (tenant_id, dimension, day, key)
) STRICT, WITHOUT ROWID;
CREATE TABLE daily_attempts (
  tenant_id TEXT NOT NULL, dimension TEXT NOT NULL, day INTEGER NOT NULL, key TEXT NOT NULL, part TEXT NOT NULL,
  attempts INTEGER NOT NULL, seconds REAL NOT NULL, engine_s REAL NOT NULL, media_s REAL NOT NULL,
  input_bytes REAL NOT NULL, output_bytes REAL NOT NULL,
  PRIMARY KEY (tenant_id, dimension, day, key, part)
) STRICT, WITHOUT ROWID;
CREATE TABLE daily_figures (
  tenant_id TEXT NOT NULL, dimension TEXT NOT NULL, day INTEGER NOT NULL, key TEXT NOT NULL, part TEXT NOT NULL,
  name TEXT NOT NULL, scope TEXT NOT NULL, quality TEXT NOT NULL, unit TEXT NOT NULL, method TEXT NOT NULL,
  value REAL, low REAL, high REAL, coverage REAL NOT NULL, source TEXT NOT NULL,
  PRIMARY KEY (tenant_id, dimension, day, key, part, name, scope, quality)
) STRICT, WITHOUT ROWID;
`;

/** Jobs of before 0002 named their input in their body alone. */
export const inputsOfOldJobs = {
  sqlite: `UPDATE jobs SET input_sha256 = (
    SELECT json_extract(body, '$.input.sha256') FROM job_bodies WHERE job_bodies.job_seq = jobs.seq
  ) WHERE input_sha256 IS NULL`,
  postgres: `UPDATE jobs SET input_sha256 = (
    SELECT body::json -> 'input' ->> 'sha256' FROM job_bodies WHERE job_bodies.job_seq = jobs.seq
  ) WHERE input_sha256 IS NULL`,
};

/**
 * Queues with a life of their own (pauses, caps), deadlines, and what placement needs: since when a task waits, and the
 * class an attempt was leased under, which stays when its task moves to another queue. A node's proof lets an agent
 * repeat a registration whose reply it never got.
 */
export const queues = `
CREATE TABLE queues (
  tenant_id TEXT NOT NULL REFERENCES tenants (id), name TEXT NOT NULL, paused INTEGER NOT NULL CHECK (paused IN (0, 1)),
  max_running INTEGER, max_queued INTEGER, PRIMARY KEY (tenant_id, name)
) STRICT;

ALTER TABLE tenants ADD COLUMN weight INTEGER NOT NULL DEFAULT 1 CHECK (weight > 0);
ALTER TABLE jobs ADD COLUMN deadline INTEGER;
ALTER TABLE jobs ADD COLUMN input_sha256 TEXT;
ALTER TABLE tasks ADD COLUMN queued_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE attempts ADD COLUMN class_id INTEGER NOT NULL DEFAULT 0;
ALTER TABLE nodes ADD COLUMN proof_hash TEXT;
UPDATE tasks SET queued_at = (SELECT created_at FROM jobs WHERE jobs.seq = tasks.job_seq);
UPDATE attempts SET class_id = (SELECT class_id FROM tasks WHERE tasks.id = attempts.task_id);
CREATE INDEX attempts_live ON attempts (tenant_id, class_id) WHERE ended_at IS NULL;
CREATE INDEX attempts_live_on_node ON attempts (node_id, class_id) WHERE ended_at IS NULL;
`;

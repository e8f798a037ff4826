import type { Role } from '@ffrtmp/shared/contract/operation';
import type { Priority, Queue } from '@ffrtmp/shared/job/job';
import type { FailureClass } from '@ffrtmp/shared/job/outcome';
import type { AttemptState, JobState, TaskState } from '@ffrtmp/shared/job/state';
import type { ArtifactRole, TaskKind } from '@ffrtmp/shared/job/task';
import type { Generated } from 'kysely';

/** Columns as the queries see them. Times are milliseconds since 1970, flags 0 or 1, `body` columns JSON text. */
export interface Tables {
  tenants: { id: string; name: string; created_at: number };
  keys: {
    id: string;
    tenant_id: string;
    role: Role;
    name: string;
    hash: string;
    node_id: string | null;
    created_at: number;
    expires_at: number | null;
    revoked_at: number | null;
  };
  nodes: {
    id: string;
    tenant_id: string;
    address: string;
    name: string;
    facts: string;
    slots: number;
    version: string;
    protocol: number;
    machine_id: string | null;
    master_as_worker: number;
    draining: number;
    registered_at: number;
    last_heartbeat: number | null;
  };
  node_profiles: { node_id: string; valid_from: number; facts: string };
  classes: { id: Generated<number>; body: string };
  jobs: {
    seq: Generated<number>;
    id: string;
    tenant_id: string;
    state: JobState;
    queue: Queue;
    priority: Priority;
    retry_count: number;
    max_retries: number;
    not_before: number | null;
    failure_class: FailureClass | null;
    quarantined: number;
    error: string | null;
    created_at: number;
    started_at: number | null;
    completed_at: number | null;
  };
  job_bodies: { job_seq: number; body: string };
  job_labels: { tenant_id: string; name: string; value: string; job_seq: number };
  tasks: {
    id: string;
    job_seq: number;
    /** Its place in the job's plan; ids made in one millisecond have no order. */
    position: number;
    tenant_id: string;
    kind: TaskKind;
    mode: 'finite' | 'continuous';
    state: TaskState;
    required: number;
    class_id: number;
    ord: number;
    claimable: number;
    due_at: number | null;
    attempts: number;
    failures: number;
    losses: number;
    avoid_node_id: string | null;
  };
  task_bodies: { task_id: string; body: string };
  task_needs: { task_id: string; needs_id: string };
  attempts: {
    id: string;
    task_id: string;
    job_seq: number;
    tenant_id: string;
    number: number;
    node_id: string;
    claim_id: string | null;
    state: AttemptState;
    cause: string | null;
    failure_class: FailureClass | null;
    error: string | null;
    leased_at: number;
    started_at: number | null;
    ended_at: number | null;
  };
  attempt_results: { attempt_id: string; digest: string; body: string };
  artifacts: {
    attempt_id: string;
    task_id: string;
    role: ArtifactRole;
    idx: number;
    sha256: string;
    bytes: number;
    name: string | null;
  };
  files: { sha256: string; bytes: number; created_at: number };
  file_owners: { tenant_id: string; sha256: string; created_at: number };
  events: {
    seq: Generated<number>;
    tenant_id: string;
    job_id: string | null;
    task_id: string | null;
    attempt_id: string | null;
    kind: string;
    from_state: string | null;
    to_state: string | null;
    reason: string | null;
    at: number;
  };
  idempotency: { tenant_id: string; key: string; body_hash: string; job_seqs: string; created_at: number };
}

export const DEFAULT_TENANT = 'default';

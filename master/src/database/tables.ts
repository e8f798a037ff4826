import type { Role } from '@ffrtmp/shared/contract/operation';
import type { Priority, Queue } from '@ffrtmp/shared/job/job';
import type { FailureClass, JobFailureClass } from '@ffrtmp/shared/job/outcome';
import type { AttemptState, JobState, TaskState } from '@ffrtmp/shared/job/state';
import type { ArtifactRole, TaskKind } from '@ffrtmp/shared/job/task';
import type { NodePower } from '@ffrtmp/shared/node/power';
import type { Generated } from 'kysely';

/** Columns as the queries see them. Times are milliseconds since 1970, flags 0 or 1, `body` columns JSON text. */
export interface Tables {
  tenants: { id: string; name: string; created_at: number; weight: Generated<number> };
  queues: { tenant_id: string; name: Queue; paused: number; max_running: number | null; max_queued: number | null };
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
    /** Of the secret its agent registered with. */
    proof_hash: string | null;
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
    failure_class: JobFailureClass | null;
    quarantined: number;
    error: string | null;
    created_at: number;
    started_at: number | null;
    completed_at: number | null;
    deadline: number | null;
    /** Of its uploaded input: a file that a job still names is not pruned. */
    input_sha256: string | null;
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
    /** Since when it waits for its turn; ageing counts from here. */
    queued_at: number;
    /** 1, and one more each time the result was below what the job asks for. */
    round: number;
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
    /** The class it was leased under: what it books on its node. */
    class_id: number;
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
  file_owners: {
    tenant_id: string;
    sha256: string;
    created_at: number;
    /** When it was last of use, as far as is known: uploaded, named by a new job, or by one that ended. Never too late. */
    used_at: Generated<number>;
    /** 0: a node brought it and no job is known to name it yet. */
    named: Generated<number>;
  };
  /** Files that jobs may still name and whose bytes are gone. */
  pruned_files: { tenant_id: string; sha256: string; pruned_at: number };
  daily_jobs: DailyKey & { completed: number; failed: number; canceled: number };
  daily_attempts: DailyKey & {
    part: string;
    attempts: number;
    seconds: number;
    engine_s: number;
    media_s: number;
    input_bytes: number;
    output_bytes: number;
  };
  daily_figures: DailyKey & {
    part: string;
    name: string;
    /** Sorted, joined with commas. */
    scope: string;
    quality: string;
    unit: string;
    method: string;
    value: number | null;
    low: number | null;
    high: number | null;
    coverage: number;
    source: string;
  };
  node_power: {
    node_id: string;
    /** Start of the hour. */
    period: number;
    method: string;
    /** Sorted, joined with commas. */
    scope: string;
    /** Of the agent. */
    run: string;
    quality: NodePower['quality'];
    seconds: number;
    covered_s: number;
    total_j: number;
    jobs_j: number;
    other_j: number;
    idle_j: number;
    rest_j: number;
  };
  attempt_power: { attempt_id: string; at: number; body: string };
  /** Of attempts that ended without a result. */
  attempt_prices: { attempt_id: string; body: string };
  carbon_samples: { zone: string; at: number; g_per_kwh: number; label: string };
  daily_totals: DailyKey & {
    part: string;
    name: string;
    /** Sorted, joined with commas. */
    scope: string;
    quality: string;
    unit: string;
    method: string;
    value: number;
    low: number | null;
    high: number | null;
    /** Coverage times seconds, added up. */
    covered_s: number;
    /** Of the attempts in it. */
    seconds: number;
    attempts: number;
    source: string;
  };
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

/** Of the sums that outlive their jobs: `dimension` says what `key` is, `day` is midnight UTC. */
interface DailyKey {
  tenant_id: string;
  dimension: string;
  day: number;
  key: string;
}

export const DEFAULT_TENANT = 'default';

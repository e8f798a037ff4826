import type { Figure } from '@ffrtmp/shared/energy/figure';
import type { AttemptState } from '@ffrtmp/shared/job/state';
import type { Place } from './both.ts';

export interface MadeAttempt {
  node: string;
  kind: 'transcode' | 'quality';
  state: Extract<AttemptState, 'succeeded' | 'failed' | 'lost' | 'canceled'>;
  startedAt: number;
  endedAt: number;
  /** Of an attempt without a result: what it had said by a time. */
  power?: { at: number; figures: Figure[] } | null;
  /** null: its agent never said. */
  result: { metrics: Record<string, number>; figures: Figure[] } | null;
  output?: string;
}

export interface MadeJob {
  state: 'completed' | 'failed' | 'canceled' | 'pending';
  endedAt: number;
  labels: Record<string, string>;
  /** Of its frames; null: the source's. Without one it has no body. */
  height?: number | null;
  attempts: readonly MadeAttempt[];
}

const text = (value: string) => `'${value.replaceAll("'", "''")}'`;
const uuid = (at: number, number: number) => {
  const time = at.toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-${number.toString(16).padStart(12, '0')}`;
};

/** Writes jobs as they would stand after their end, with none of the master's verbs between. Returns their attempts' ids. */
export async function putJobs({ sql }: Pick<Place, 'sql'>, jobs: readonly MadeJob[]): Promise<string[]> {
  const rows: Record<string, string[]> = {
    jobs: [],
    bodies: [],
    labels: [],
    tasks: [],
    attempts: [],
    results: [],
    power: [],
    artifacts: [],
  };
  const ids: string[] = [];
  for (const [index, job] of jobs.entries()) {
    const seq = index + 1;
    const open = job.state === 'pending';
    rows.jobs?.push(
      `(${seq}, 'job-${seq}', 'default', '${job.state}', 'default', 'medium', 0, 3, 0, 0, ${open ? 'NULL' : job.endedAt})`,
    );
    const encode = { encoder: 'libx264', preset: 'medium', height: job.height };
    if (job.height !== undefined) rows.bodies?.push(`(${seq}, ${text(JSON.stringify({ encode }))})`);
    for (const [name, value] of Object.entries(job.labels))
      rows.labels?.push(`('default', ${text(name)}, ${text(value)}, ${seq})`);
    if (open) rows.tasks?.push(`('task-${seq}-open', ${seq}, 99, 'transcode', 'ready')`);
    for (const [place, one] of job.attempts.entries()) {
      const id = uuid(one.startedAt, seq * 100 + place);
      const task = `task-${seq}-${place}`;
      ids.push(id);
      rows.tasks?.push(`('${task}', ${seq}, ${place}, '${one.kind}', 'succeeded')`);
      rows.attempts?.push(
        `('${id}', '${task}', ${seq}, 'default', ${place + 1}, ${text(one.node)}, '${one.state}', ${one.startedAt}, ${one.startedAt}, ${one.endedAt})`,
      );
      if (one.result) rows.results?.push(`('${id}', '', ${text(JSON.stringify(one.result))})`);
      if (one.power) rows.power?.push(`('${id}', ${one.power.at}, ${text(JSON.stringify(one.power.figures))})`);
      if (one.output) rows.artifacts?.push(`('${id}', '${task}', 'output', 0, ${text(one.output)}, 1)`);
    }
  }
  await insert(
    sql,
    'jobs (seq, id, tenant_id, state, queue, priority, retry_count, max_retries, quarantined, created_at, completed_at)',
    rows.jobs,
  );
  await insert(sql, 'job_bodies (job_seq, body)', rows.bodies);
  await insert(sql, 'job_labels (tenant_id, name, value, job_seq)', rows.labels);
  await insertTasks(sql, rows.tasks ?? []);
  await insert(
    sql,
    'attempts (id, task_id, job_seq, tenant_id, number, node_id, state, leased_at, started_at, ended_at)',
    rows.attempts,
  );
  await insert(sql, 'attempt_results (attempt_id, digest, body)', rows.results);
  await insert(sql, 'attempt_power (attempt_id, at, body)', rows.power);
  await insert(sql, 'artifacts (attempt_id, task_id, role, idx, sha256, bytes)', rows.artifacts);
  return ids;
}

async function insert(sql: Place['sql'], into: string, rows: readonly string[] = []): Promise<void> {
  for (let from = 0; from < rows.length; from += 500)
    await sql(`INSERT INTO ${into} VALUES ${rows.slice(from, from + 500).join(', ')}`);
}

const insertTasks = (sql: Place['sql'], rows: readonly string[]) =>
  insert(
    sql,
    'tasks (id, job_seq, position, kind, state, tenant_id, mode, required, class_id, ord, claimable, attempts, failures, losses)',
    rows.map((row) => `${row.slice(0, -1)}, 'default', 'finite', 1, 1, 1, 0, 0, 0, 0)`),
  );

/** An empty store with the tenant and the class that the jobs are of. */
export async function emptied({ sql }: Pick<Place, 'sql'>): Promise<void> {
  for (const table of ['jobs', 'daily_jobs', 'daily_attempts', 'daily_figures', 'daily_totals', 'events'])
    await sql(`DELETE FROM ${table}`);
  await sql("INSERT INTO tenants (id, name, created_at) VALUES ('default', 'default', 0) ON CONFLICT DO NOTHING");
  await sql("INSERT INTO classes (id, body) VALUES (1, 'a class') ON CONFLICT DO NOTHING");
}

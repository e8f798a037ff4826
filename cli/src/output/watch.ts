import type { Connection } from '@ffrtmp/runtime/connect';
import { FfrtmpError } from '@ffrtmp/shared/contract/errors';
import { jobOperations } from '@ffrtmp/shared/contract/jobs';
import type { Job } from '@ffrtmp/shared/job/job';
import { isTerminalJob } from '@ffrtmp/shared/job/state';
import { followJob, type JobUpdate } from '../api/follow.ts';
import { emptyRow, type ProgressRow, progressRow } from './progress.ts';
import { plain } from './text.ts';

export interface WatchOptions {
  /** Job id or sequence number. */
  id: string;
  /** What the row is called. */
  name: string;
  show: (row: ProgressRow) => void;
  say: (text: string) => void;
  signal: AbortSignal;
  onUpdate?: (update: JobUpdate) => void;
}

/** Shows a job until it has ended, and returns its last view. */
export async function watchJob(connection: Connection, options: WatchOptions): Promise<Job> {
  let last: Job | undefined;
  const updates = followJob(connection, options.id, {
    signal: options.signal,
    onOutage: (reason) => options.say(`${options.name}: ${reason}; trying again`),
  });
  for await (const update of updates) {
    options.onUpdate?.(update);
    if (update.kind === 'job') last = update.job;
    options.show(rowOf(options.name, await withReason(connection, options, update)));
  }
  if (!last || !isTerminalJob(last.status)) throw new Error(`the events of job ${options.id} ended before the job did`);
  return last;
}

/** Events carry a job without the reason why it waits; that is a question of its own. */
async function withReason(connection: Connection, options: WatchOptions, update: JobUpdate): Promise<JobUpdate> {
  if (update.kind !== 'job' || update.job.status !== 'pending' || update.job.why) return update;
  const call = { params: { id: options.id }, signal: options.signal };
  const why = await connection.client.call(jobOperations.why, call).catch(() => undefined);
  // It may have begun to run between the event and the question.
  return why === undefined || why.reason === 'running' ? update : { ...update, job: { ...update.job, why } };
}

function rowOf(name: string, update: JobUpdate): ProgressRow {
  if (update.kind === 'progress') {
    return progressRow(name, update.progress.progress, update.progress.node_name ?? null);
  }
  return jobRow(name, update.job);
}

/** The row of a job by its state: how it ended, what it does, or why it waits. */
export function jobRow(name: string, job: Job): ProgressRow {
  if (job.status === 'running' && job.progress) return progressRow(name, job.progress, job.node_name);
  const row = { ...emptyRow(name, job.status), node: job.node_name };
  if (job.status === 'completed') return { ...row, percent: 100 };
  if (job.status === 'failed') return { ...row, note: job.error };
  if (job.status === 'pending') return { ...row, phase: 'waiting', note: job.why?.message ?? null };
  return row;
}

/** A job that did not complete, as the error of the command that waited for it. */
export function requireCompleted(job: Job): void {
  if (job.status === 'completed') return;
  const reason = job.status === 'failed' ? `: ${plain(job.error ?? 'no reason was given')}` : '';
  throw new FfrtmpError(
    'job_failed',
    `job ${job.sequence_number} ${job.status === 'failed' ? 'failed' : `was ${job.status}`}${reason}`,
  );
}

import { hash } from 'node:crypto';
import type { Result } from '@ffrtmp/shared/contract/dispatch';
import { FfrtmpError } from '@ffrtmp/shared/contract/errors';
import type { FailureClass } from '@ffrtmp/shared/job/outcome';
import { decideRetry } from '@ffrtmp/shared/job/retry';
import { isLiveAttempt } from '@ffrtmp/shared/job/state';
import type { Transaction } from '../database/commit.ts';
import type { JobParts } from './parts.ts';
import { keepPrices, pricedFigures } from './prices.ts';
import { endBelow, verdictOf } from './rounds.ts';
import { requireJobRow, settleJob, settleKnown, skipDependents, unblockDependents } from './settle.ts';
import {
  type AttemptRow,
  attemptById,
  countRetry,
  insertArtifact,
  insertResult,
  type JobRow,
  lostNodes,
  resultOf,
  taskById,
  tasksOfJob,
} from './store.ts';
import { readBody } from './view.ts';

/** What is kept of a result, beside the columns of its attempt. */
export interface StoredResult {
  metrics: Result['metrics'];
  analyzer_output: unknown;
  figures: Result['figures'];
  environment: Result['environment'] | null;
}

export interface Finished {
  status: 'accepted' | 'repeated';
  jobStatus: string;
}

const digestOf = (result: Result) => hash('sha256', JSON.stringify({ ...result, logs: undefined }), 'hex');

/**
 * The end of an attempt. The same result again is recognised by its digest; a result of an attempt that is no longer
 * live changes nothing. The bytes of every artifact lie on the master before this is called, so accepting and
 * publishing them is one commit that any crash leaves either done or undone.
 */
export async function finish(parts: JobParts, result: Result): Promise<Finished> {
  const digest = digestOf(result);
  return parts.db.write(async (tx) => {
    const { attempt, job: named } = await requireAttempt(tx, result);
    if (!isLiveAttempt(attempt.state)) {
      const [stored] = await tx.run(resultOf, { id: attempt.id });
      const repeated = stored?.digest === digest;
      if (!repeated && !(await acceptLateFacts(parts, tx, { attempt, result, digest, known: stored !== undefined })))
        throw stale(attempt);
      return { status: repeated ? 'repeated' : 'accepted', jobStatus: named.state };
    }
    await storeResult(parts, tx, attempt, result, digest);
    const job = await endAttempt(parts, tx, { attempt, job: named }, result);
    return { status: 'accepted', jobStatus: job.state };
  });
}

/** The attempt a result speaks of, and its job. */
interface Ending {
  attempt: AttemptRow;
  job: JobRow;
}

async function requireAttempt(tx: Transaction, result: Result): Promise<Ending> {
  const [attempt] = await tx.run(attemptById, { id: result.attempt_id });
  const job = attempt && (await requireJobRow(tx, attempt.job_seq));
  if (!attempt || !job || job.id !== result.job_id || attempt.node_id !== result.node_id) {
    throw new FfrtmpError(
      'not_found',
      `job ${result.job_id} has no attempt ${result.attempt_id} on node ${result.node_id}`,
    );
  }
  return { attempt, job };
}

const stale = (attempt: AttemptRow) =>
  new FfrtmpError('stale_attempt', `attempt ${attempt.number} is ${attempt.state}: its result changes nothing`, {
    attempt: attempt.number,
    state: attempt.state,
  });

interface LateFacts {
  attempt: AttemptRow;
  result: Result;
  digest: string;
  /** It has said so before. */
  known: boolean;
}

/** An attempt that was canceled or lost may still say what it used, once: that is waste, and waste is not forgotten. */
async function acceptLateFacts(parts: JobParts, tx: Transaction, { attempt, result, digest, known }: LateFacts) {
  const mayStill = attempt.state === 'canceled' || attempt.state === 'lost';
  if (!mayStill || result.status !== 'canceled' || known) return false;
  await storeResult(parts, tx, attempt, { ...result, artifacts: [] }, digest);
  return true;
}

async function storeResult(
  parts: JobParts,
  tx: Transaction,
  attempt: AttemptRow,
  result: Result,
  digest: string,
): Promise<void> {
  const stored: StoredResult = {
    metrics: result.metrics,
    analyzer_output: result.analyzer_output ?? null,
    figures: pricedFigures(parts, attempt, result.figures),
    environment: result.environment ?? null,
  };
  await tx.run(insertResult, { id: attempt.id, digest, body: JSON.stringify(stored) });
  await parts.power.replace(tx, attempt.id, !isLiveAttempt(attempt.state));
  tx.afterCommit(() => parts.watch.stored(attempt, result.status === 'completed', stored));
}

async function endAttempt(parts: JobParts, tx: Transaction, ending: Ending, result: Result) {
  const { attempt } = ending;
  if (result.status === 'completed') return succeed(parts, tx, ending, result);
  if (result.status === 'canceled') return giveBack(parts, tx, attempt, result.cause ?? 'canceled');
  return endFailed(parts, tx, {
    attempt,
    failureClass: result.failure_class ?? 'unknown',
    error: result.error ?? 'no reason given',
  });
}

async function succeed(parts: JobParts, tx: Transaction, { attempt, job }: Ending, result: Result) {
  const tasks = await tx.run(tasksOfJob, { seq: job.seq });
  const task = tasks.find((one) => one.id === attempt.task_id);
  if (!task) throw new Error(`task ${attempt.task_id} is gone`);
  for (const artifact of result.artifacts) {
    const bytes = await parts.ownedBytes(attempt.tenant_id, artifact.sha256);
    if (bytes === undefined) {
      throw new FfrtmpError(
        'conflict',
        `the master does not hold the bytes of artifact ${artifact.sha256}: upload them first`,
      );
    }
    await tx.run(insertArtifact, {
      attempt: attempt.id,
      task: task.id,
      role: artifact.role,
      index: artifact.index,
      sha256: artifact.sha256,
      bytes,
      name: artifact.name ?? null,
    });
  }
  await parts.transitions.attempt(tx, attempt, 'succeeded', { jobId: job.id });
  const judged = await verdictOf(task, () => readBody(tx.run, job.seq), result.figures);
  if (judged && !judged.verdict.passed) return endBelow(parts, tx, { job, task, ...judged });
  const done = await parts.transitions.task(tx, task, 'succeeded', { jobId: job.id });
  // A job of one task, as nearly all are, has nothing to unblock and nothing to be read again.
  if (tasks.length === 1) return settleKnown(parts, tx, { job, tasks: [done] });
  await unblockDependents(parts, tx, done, job.id);
  return settleJob(parts, tx, job.seq);
}

/** Work handed back on purpose (drain, shutdown, a lost claim reply) costs the job nothing. */
export async function giveBack(parts: JobParts, tx: Transaction, attempt: AttemptRow, cause: string) {
  const job = await requireJobRow(tx, attempt.job_seq);
  const [task] = await tx.run(taskById, { id: attempt.task_id });
  await parts.power.keep(tx, attempt.id);
  await keepPrices(parts, tx, await parts.transitions.attempt(tx, attempt, 'canceled', { jobId: job.id, cause }));
  if (task?.state === 'active') await parts.transitions.task(tx, task, 'ready', { jobId: job.id, reason: cause });
  return settleJob(parts, tx, job.seq);
}

export interface FailedAttempt {
  attempt: AttemptRow;
  failureClass: FailureClass;
  error: string;
}

/** A failed or lost attempt: the task runs again, elsewhere and later where that helps, or fails for good and visibly. */
export async function endFailed(parts: JobParts, tx: Transaction, { attempt, failureClass, error }: FailedAttempt) {
  const job = await requireJobRow(tx, attempt.job_seq);
  const [task] = await tx.run(taskById, { id: attempt.task_id });
  if (!task) throw new Error(`task ${attempt.task_id} is gone`);
  const lost = failureClass === 'lost';
  await parts.power.keep(tx, attempt.id);
  const change = { jobId: job.id, failureClass, error };
  await keepPrices(parts, tx, await parts.transitions.attempt(tx, attempt, lost ? 'lost' : 'failed', change));
  const losses = task.losses + Number(lost);
  const lostOn = lost ? await tx.run(lostNodes, { task: task.id, limit: losses }) : [];
  const decision = decideRetry(
    {
      failureClass,
      retryCount: task.failures,
      maxRetries: job.max_retries,
      losses,
      lostNodes: new Set(lostOn.map((row) => row.node_id)).size,
    },
    parts.random,
  );
  if (decision.retry) {
    const dueAt = decision.delayMs > 0 ? parts.clock.now() + decision.delayMs : null;
    const failures = task.failures + Number(decision.counts);
    const avoidNodeId = attempt.node_id;
    await parts.transitions.task(tx, task, 'ready', {
      jobId: job.id,
      reason: `retry after ${failureClass}`,
      dueAt,
      failures,
      losses,
      avoidNodeId,
    });
    if (decision.counts) await tx.run(countRetry, { seq: job.seq });
    if (dueAt !== null) tx.afterCommit(parts.onDueChanged);
    return settleJob(parts, tx, job.seq);
  }
  const failed = await parts.transitions.task(tx, task, 'failed', { jobId: job.id, reason: error, losses });
  await skipDependents(parts, tx, failed, job.id);
  return settleJob(parts, tx, job.seq, { failureClass, error, quarantined: decision.quarantined, reason: error });
}

import { setTimeout as delay } from 'node:timers/promises';
import { uploadFile } from '@ffrtmp/runtime/transfer';
import type { ResultInput } from '@ffrtmp/shared/contract/dispatch';
import { FfrtmpError } from '@ffrtmp/shared/contract/errors';
import type { CancelCause, FailureClass, Outcome } from '@ffrtmp/shared/job/outcome';
import type { Artifact } from '@ffrtmp/shared/job/task';
import type { AttemptEnergy } from '../power/sampler.ts';
import { compareQuality } from '../tasks/quality.ts';
import { transcode } from '../tasks/transcode.ts';
import { type MadeFile, phase, type Work, type Workplace } from '../tasks/work.ts';
import { attemptId, type Held } from './held.ts';
import { makeJobDir, removeJobDir, requireDisk } from './job-dir.ts';
import { type LogShipper, shipLog } from './log-shipper.ts';
import type { AgentParts } from './parts.ts';
import { reportProgress } from './progress-reporter.ts';
import { deliver } from './result.ts';

/**
 * One attempt from claim to acknowledged result: fetch, run, publish, report. Its files go whatever happens. While the
 * lease is not trusted nothing is published; a stale lease ends everything without a word, for it is not ours to speak.
 */
export async function runAttempt(parts: AgentParts, held: Held): Promise<void> {
  const { claimed } = held;
  const log = shipLog(parts.connection, parts.nodeId, claimed.lease);
  const folder = makeJobDir(parts.dataDir, attemptId(held));
  const progress = reportProgress(parts, held);
  try {
    const work = await performTask(parts, held, folder, log);
    const result = await publish(parts, held, work);
    await log.close();
    progress.stop();
    // The lease is somebody else's by now: a result of ours would change nothing, and it is not ours to speak.
    if (held.signal.reason !== 'stale') await deliver(parts, held, result);
  } finally {
    progress.stop();
    await log.close();
    removeJobDir(folder);
  }
}

/** Between two tries of an upload whose master went away. */
const AWAY_PAUSE_MS = 1000;

const nothing: Omit<Work, 'outcome' | 'environment'> & { environment: null } = {
  metrics: {},
  figures: [],
  files: [],
  environment: null,
};
type Performed = Work | (typeof nothing & { outcome: Outcome });

async function performTask(parts: AgentParts, held: Held, folder: string, log: LogShipper): Promise<Performed> {
  const { task } = held.claimed;
  let energy: AttemptEnergy | undefined;
  const place: Workplace = {
    task,
    folder,
    threads: parts.threadsPerSlot,
    machine: parts.machine,
    connection: parts.connection,
    signal: held.signal,
    startEnergy: () => (energy = parts.sampler.start(attemptId(held), { reservedThreads: parts.threadsPerSlot })),
    report: (progress) => (held.progress = { ...progress, energy: energy?.snapshot() ?? [] }),
    log: log.write,
    onSpawn: (pid) => parts.onSpawn(held, pid),
  };
  held.state = 'running';
  try {
    requireDisk(parts.dataDir, spaceNeeded(held));
    return await (task.spec.kind === 'transcode' ? transcode(place, task.spec) : compareQuality(place, task.spec));
  } catch (error) {
    const outcome = outcomeOf(error, held.signal);
    if (outcome.kind === 'failed') log.write(`\n${outcome.message}\n`);
    return { ...nothing, outcome, figures: energy ? await energy.stop() : [] };
  }
}

/** The inputs twice: as they come, and an output that is rarely larger. */
const spaceNeeded = (held: Held) => 2 * held.claimed.task.inputs.reduce((sum, input) => sum + input.bytes, 0);

const classes: Partial<Record<FfrtmpError['code'], FailureClass>> = {
  not_a_video: 'input',
  invalid_request: 'input',
  not_found: 'input',
  insufficient_storage: 'resource',
  missing_program: 'resource',
};

/** What was thrown on the way becomes a value here: an abort, a known error, or the network. */
function outcomeOf(error: unknown, signal: AbortSignal): Outcome {
  if (signal.aborted) return { kind: 'canceled', cause: signal.reason as CancelCause };
  const code = error instanceof FfrtmpError ? error.code : undefined;
  const full = (error as NodeJS.ErrnoException).code === 'ENOSPC';
  const failureClass = full ? 'resource' : ((code && classes[code]) ?? 'infrastructure');
  return {
    kind: 'failed',
    failureClass,
    message: error instanceof Error ? error.message : String(error),
    exitCode: null,
  };
}

/** Brings the files to the master, where any node can reach them, before the result names them. */
async function publish(parts: AgentParts, held: Held, work: Performed): Promise<ResultInput> {
  const { outcome } = work;
  if (outcome.kind !== 'succeeded') return resultOf(parts, held, work, outcome, []);
  try {
    await held.lease.trusted(held.signal);
    held.state = 'publishing';
    const artifacts: Artifact[] = [];
    for (const file of work.files) artifacts.push(await upload(parts, held, file));
    return resultOf(parts, held, work, outcome, artifacts);
  } catch (error) {
    return resultOf(parts, held, work, outcomeOf(error, held.signal), []);
  }
}

async function upload(parts: AgentParts, held: Held, file: MadeFile): Promise<Artifact> {
  const onProgress = (done: number, total: number) => {
    held.progress = {
      ...phase('upload'),
      percent: total > 0 ? (done / total) * 100 : 0,
      energy: held.progress?.energy ?? [],
    };
  };
  for (;;) {
    try {
      const stored = await uploadFile(parts.connection, file.path, {
        name: file.name,
        signal: held.signal,
        onProgress,
      });
      return { role: file.role, index: 0, name: file.name, ...stored };
    } catch (error) {
      // A master that goes away during the upload costs no finished frame either: wait until the lease is good again.
      const away =
        error instanceof FfrtmpError && (error.code === 'master_unreachable' || error.code === 'unavailable');
      if (!away || held.lease.silentMs() > parts.orphanGraceMs) throw error;
      await delay(AWAY_PAUSE_MS, undefined, { signal: held.signal });
      await held.lease.trusted(held.signal);
    }
  }
}

function resultOf(
  parts: AgentParts,
  held: Held,
  work: Performed,
  outcome: Outcome,
  artifacts: Artifact[],
): ResultInput {
  const { claimed } = held;
  const statuses = { succeeded: 'completed', failed: 'failed', canceled: 'canceled' } as const;
  return {
    job_id: claimed.job.id,
    node_id: parts.nodeId,
    attempt_id: claimed.lease.attempt_id,
    token: claimed.lease.token,
    status: statuses[outcome.kind],
    metrics: work.metrics,
    figures: work.figures,
    environment: work.environment,
    artifacts,
    completed_at: new Date().toISOString(),
    ...(outcome.kind === 'failed'
      ? { error: outcome.message.slice(0, 4000), failure_class: outcome.failureClass }
      : {}),
    ...(outcome.kind === 'canceled' ? { cause: outcome.cause } : {}),
  };
}

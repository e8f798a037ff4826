import { delay } from '@ffrtmp/runtime/clock';
import type { ResultInput } from '@ffrtmp/shared/contract/dispatch';
import { errorTable, FfrtmpError } from '@ffrtmp/shared/contract/errors';
import type { CancelCause, FailureClass, Outcome } from '@ffrtmp/shared/job/outcome';
import { isHardwareEncoder } from '@ffrtmp/shared/job/resources';
import type { Artifact, Task } from '@ffrtmp/shared/job/task';
import type { AttemptEnergy } from '../power/sampler.ts';
import { environmentOf, type MadeFile, phase, type Work, type Workplace } from '../tasks/work.ts';
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
  const log = shipLog(parts, claimed.lease, disowned(held.signal));
  const folder = makeJobDir(parts.dataDir, attemptId(held));
  const progress = reportProgress(parts, held);
  try {
    const work = await perform(parts, held, folder, log);
    const result = await publish(parts, held, work, log);
    parts.onResult?.(held, result);
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

/** Aborts with an order that ends the lease; an agent that only stops still owns what it holds. */
function disowned(signal: AbortSignal): AbortSignal {
  const controller = new AbortController();
  const end = () => {
    if (signal.reason !== 'shutdown') controller.abort(signal.reason);
  };
  if (signal.aborted) end();
  else signal.addEventListener('abort', end, { once: true });
  return controller.signal;
}

/** Between two tries of an upload whose master went away. */
const AWAY_PAUSE_MS = 1000;

async function perform(parts: AgentParts, held: Held, folder: string, log: LogShipper): Promise<Work> {
  const { task, lease } = held.claimed;
  // A master that books threads says how many; an older one leaves the equal share.
  const threads = lease.cpu_threads ?? parts.threadsPerSlot;
  let energy: AttemptEnergy | undefined;
  const place: Workplace = {
    task,
    folder,
    threads,
    machine: parts.machine,
    connection: parts.connection,
    signal: held.signal,
    startEnergy: () => {
      energy = parts.sampler.start(attemptId(held), { reservedThreads: threads, gpu: usesGpu(task) });
      held.energy = energy.snapshot;
      return energy;
    },
    report: (progress) => (held.progress = { ...progress, energy: energy?.snapshot() ?? [] }),
    log: log.write,
    onSpawn: (pid) => parts.onSpawn(held, pid),
  };
  held.state = 'running';
  try {
    requireDisk(parts.dataDir, spaceNeeded(held));
    return await parts.perform(place);
  } catch (error) {
    const outcome = outcomeOf(error, held.signal);
    if (outcome.kind === 'failed') log.write(`\n${outcome.message}\n`);
    const environment = environmentOf(parts.machine, { encoder: null, argv: [], dropped: [] });
    return { outcome, environment, metrics: {}, files: [], figures: energy ? await energy.stop() : [] };
  }
}

/** Only an encode on a GPU reserves a part of its idle draw. */
const usesGpu = ({ spec }: Task) => spec.kind === 'transcode' && isHardwareEncoder(spec.encode.encoder);

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

/**
 * Brings the files to the master, where any node can reach them, before the result names them. They are looked at
 * meanwhile, and what is found to be worthless does not get there.
 */
async function publish(parts: AgentParts, held: Held, work: Work, log: LogShipper): Promise<ResultInput> {
  if (work.outcome.kind !== 'succeeded') return resultOf(parts, held, work, []);
  const inspected = work.inspect?.() ?? Promise.resolve({});
  try {
    const artifacts = await send(parts, held, work.files, inspected);
    return resultOf(parts, held, { ...work, metrics: { ...work.metrics, ...(await inspected) } }, artifacts);
  } catch (error) {
    const outcome = outcomeOf(error, held.signal);
    if (outcome.kind === 'failed') log.write(`\n${outcome.message}\n`);
    return resultOf(parts, held, { ...work, outcome }, []);
  } finally {
    // Nothing of ours may look at the files once their folder goes.
    await inspected.catch(() => undefined);
  }
}

async function send(
  parts: AgentParts,
  held: Held,
  files: readonly MadeFile[],
  judged: Promise<unknown>,
): Promise<Artifact[]> {
  // Whoever waits for it handles its failure; until somebody does, it is nobody's fault.
  judged.catch(() => undefined);
  await held.lease.trusted(held.signal);
  held.state = 'publishing';
  const artifacts: Artifact[] = [];
  for (const file of files) artifacts.push(await upload(parts, held, file, judged));
  return artifacts;
}

async function upload(parts: AgentParts, held: Held, file: MadeFile, judged: Promise<unknown>): Promise<Artifact> {
  const onProgress = (done: number, total: number) => {
    held.progress = {
      ...phase('upload'),
      percent: total > 0 ? (done / total) * 100 : 0,
      energy: held.progress?.energy ?? [],
    };
  };
  const sinceMs = parts.clock.monotonicMs();
  for (;;) {
    try {
      const stored = await parts.upload(parts.connection, file.path, {
        name: file.name,
        signal: held.signal,
        judged,
        onProgress,
      });
      return { role: file.role, index: 0, name: file.name, ...stored };
    } catch (error) {
      // A master that goes away during the upload, or whose disk is full, costs no finished frame: wait until it can.
      const passes = error instanceof FfrtmpError && errorTable[error.code].retryable;
      const waitedMs = Math.max(held.lease.silentMs(), parts.clock.monotonicMs() - sinceMs);
      if (!passes || waitedMs > parts.orphanGraceMs) throw error;
      await delay(parts.timers, AWAY_PAUSE_MS, held.signal);
      await held.lease.trusted(held.signal);
    }
  }
}

function resultOf(parts: AgentParts, held: Held, work: Work, artifacts: Artifact[]): ResultInput {
  const { claimed } = held;
  const { outcome } = work;
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
    completed_at: new Date(parts.clock.now()).toISOString(),
    ...(outcome.kind === 'failed'
      ? { error: outcome.message.slice(0, 4000), failure_class: outcome.failureClass }
      : {}),
    ...(outcome.kind === 'canceled' ? { cause: outcome.cause } : {}),
  };
}

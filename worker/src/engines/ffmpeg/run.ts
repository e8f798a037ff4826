import { type ChildProcess, spawn } from 'node:child_process';
import { tied } from '@ffrtmp/runtime/tie';
import type { CancelCause, Outcome } from '@ffrtmp/shared/job/outcome';
import { benchOf } from './bench.ts';
import { classify } from './classify.ts';
import { watchDisk } from './disk-limit.ts';
import { cleanEnvironment } from './environment.ts';
import { createProgressParser, type Snapshot } from './progress.ts';
import { createUsageMeter } from './usage.ts';
import { createWatchdog } from './watchdog.ts';

export interface RunPlan {
  program: string;
  argv: readonly string[];
  cwd: string;
  env?: Record<string, string>;
  /** A run whose progress stands still for this long is ended; default 60 s. */
  stallMs?: number;
  /** A run that takes longer is ended; null = no limit. */
  timeoutMs?: number | null;
  /** A run whose `cwd` grows beyond this is ended; null = no limit. */
  maxDiskBytes?: number | null;
  onSpawn?: (pid: number) => void;
  onProgress?: (snapshot: Snapshot) => void;
  onStderr?: (chunk: Buffer) => void;
}

export interface RunResult {
  outcome: Outcome;
  exitCode: number | null;
  stderrTail: string;
  startedAtMs: number;
  endedAtMs: number;
  pid: number | null;
  maxRssMb: number;
  cpuSeconds: number;
  /** As of the last report; null when there was none. */
  frames: number | null;
}

const DEFAULT_STALL_MS = 60_000;
/**
 * Time to end in order after SIGTERM, before the kill. What a run leaves that was ended is thrown away, so there is no
 * point in waiting for more: x264 slow at 1080p takes over 5 s to empty its look-ahead (measured on two cores).
 */
const GRACE_MS = 400;
/** The end of the log is what explains a failure; the whole log goes out through `onStderr`. */
const TAIL_LIMIT_BYTES = 64 * 1024;

function createTail() {
  let chunks: Buffer[] = [];
  let bytes = 0;
  return {
    push(chunk: Buffer) {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes <= 2 * TAIL_LIMIT_BYTES) return;
      chunks = [Buffer.concat(chunks).subarray(-TAIL_LIMIT_BYTES)];
      bytes = TAIL_LIMIT_BYTES;
    },
    text: () => Buffer.concat(chunks).subarray(-TAIL_LIMIT_BYTES).toString('utf8'),
  };
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // The group is gone already, which is what was wanted.
  }
}

/** Ends a whole process group: asks first, then insists. Returns what takes the insisting back. */
function endGroup(pid: number): () => void {
  signalGroup(pid, 'SIGTERM');
  const timer = setTimeout(() => signalGroup(pid, 'SIGKILL'), GRACE_MS);
  return () => clearTimeout(timer);
}

const causes: readonly CancelCause[] = ['canceled', 'paused', 'stale', 'shutdown'];
const causeOf = (reason: unknown): CancelCause => causes.find((cause) => cause === reason) ?? 'canceled';

interface Exit {
  exitCode: number | null;
  signal: NodeJS.Signals | null;
  spawnError: Error | null;
}

/** What is left in the pipes when an engine has ended is read in milliseconds; who else holds them is not waited for. */
const LAST_WORDS_MS = 1000;

/**
 * Resolves when the process has ended and both its streams are read to the end. Its children have no reason to outlive
 * it and are ended with it; one that has left its group cannot be, but must not hold the streams, and the slot, for ever.
 */
function ended(child: ChildProcess): Promise<Exit> {
  return new Promise((resolve) => {
    child.once('error', (spawnError) => resolve({ exitCode: null, signal: null, spawnError }));
    child.once('exit', () => {
      if (child.pid !== undefined) signalGroup(child.pid, 'SIGKILL');
      const timer = setTimeout(() => {
        child.stdout?.destroy();
        child.stderr?.destroy();
      }, LAST_WORDS_MS);
      child.once('close', () => clearTimeout(timer));
    });
    child.once('close', (exitCode, signal) => resolve({ exitCode, signal, spawnError: null }));
  });
}

/** Why we ended the run ourselves; the first reason stands. */
interface Ending {
  cause: CancelCause | null;
  limit: string | null;
  insist: (() => void) | null;
}

function outcomeOf(exit: Exit, stderrTail: string, { cause, limit }: Ending): Outcome {
  const { exitCode, signal, spawnError } = exit;
  if (cause !== null) return { kind: 'canceled', cause };
  if (limit !== null) return { kind: 'failed', failureClass: 'unknown', message: limit, exitCode };
  if (spawnError) return { kind: 'failed', failureClass: 'resource', message: spawnError.message, exitCode };
  if (exitCode === 0) return { kind: 'succeeded' };
  return { kind: 'failed', ...classify({ exitCode, signal, stderrTail }), exitCode };
}

/** What a run that was canceled before it began looks like. */
function neverStarted(cause: CancelCause): RunResult {
  const nowMs = Date.now();
  const times = { startedAtMs: nowMs, endedAtMs: nowMs };
  const nothing = { exitCode: null, stderrTail: '', pid: null, maxRssMb: 0, cpuSeconds: 0, frames: null };
  return { outcome: { kind: 'canceled', cause }, ...nothing, ...times };
}

/**
 * Runs ffmpeg (or a program that reports progress like it) in a process group of its own and says how it ended: always
 * a value, never an exception. Aborting ends the whole group; the signal's reason is the cause of the outcome.
 */
export async function runProcess(plan: RunPlan, signal: AbortSignal): Promise<RunResult> {
  if (signal.aborted) return neverStarted(causeOf(signal.reason));
  const startedAtMs = Date.now();
  const [program, argv] = tied('KILL', plan.program, plan.argv);
  const env = cleanEnvironment(plan.cwd, plan.env);
  const child = spawn(program, argv, { cwd: plan.cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  const exited = ended(child);
  const pid = child.pid ?? null;
  const ending: Ending = { cause: null, limit: null, insist: null };
  const end = (why: Partial<Ending>) => {
    if (pid === null || ending.insist) return;
    Object.assign(ending, why, { insist: endGroup(pid) });
  };
  const onAbort = () => end({ cause: causeOf(signal.reason) });
  const { stallMs = DEFAULT_STALL_MS, timeoutMs = null } = plan;
  const watchdog = createWatchdog(stallMs, timeoutMs, (limit) => end({ limit }));
  const disk = watchDisk(plan.cwd, plan.maxDiskBytes ?? null, (limit) => end({ limit }));
  const usage = createUsageMeter(pid, watchdog.sawWrites);
  const tail = createTail();
  const parse = createProgressParser();
  let frames: number | null = null;
  signal.addEventListener('abort', onAbort, { once: true });
  if (pid !== null) plan.onSpawn?.(pid);
  child.stdout?.setEncoding('latin1').on('data', (text: string) => {
    for (const snapshot of parse(text)) {
      frames = snapshot.frame ?? frames;
      watchdog.sawProgress(snapshot);
      plan.onProgress?.(snapshot);
    }
  });
  child.stderr?.on('data', (chunk: Buffer) => {
    tail.push(chunk);
    plan.onStderr?.(chunk);
  });
  // Both streams end when the last thread has ended and before Node reaps the process: the last look at its CPU time.
  child.stdout?.once('end', usage.read);
  child.stderr?.once('end', usage.read);
  const exit = await exited;
  signal.removeEventListener('abort', onAbort);
  watchdog.stop();
  disk.stop();
  usage.stop();
  ending.insist?.();
  const stderrTail = tail.text();
  const bench = benchOf(stderrTail);
  return {
    outcome: outcomeOf(exit, stderrTail, ending),
    exitCode: exit.exitCode,
    stderrTail,
    startedAtMs,
    endedAtMs: Date.now(),
    pid,
    maxRssMb: Math.max(usage.maxRssMb(), bench.maxRssMb),
    cpuSeconds: Math.max(usage.cpuSeconds(), bench.cpuSeconds),
    frames,
  };
}

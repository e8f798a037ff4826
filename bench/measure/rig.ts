import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, statfsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type RunningMaster, startMaster } from '../../tests/support/fleet.ts';
import type { Scope } from '../../tests/support/scope.ts';
import type { Measured } from '../load/closed-loop.ts';
import type { Park, Workload } from '../load/workloads.ts';

const load = join(dirname(fileURLToPath(import.meta.url)), '..', 'load');
const TICKS_PER_SECOND = 100;
const TMPFS = 0x01021994;

function startChild(scope: Scope, file: string): ChildProcess {
  const child = fork(join(load, file), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  scope.onEnd(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.disconnect();
    await gone;
  });
  return child;
}

/** The next message of a child; one that ends instead is a fault. */
async function answerOf<T>(child: ChildProcess): Promise<T> {
  const ended = new AbortController();
  const died = once(child, 'exit', ended).then(([code]) => {
    throw new Error(`the load generator ended with ${String(code)}`);
  });
  died.catch(() => undefined);
  try {
    return (await Promise.race([once(child, 'message', ended).then(([message]) => message), died])) as T;
  } finally {
    ended.abort();
  }
}

export interface Generator {
  run: (workload: Workload) => Promise<Measured>;
  /** Leaves requests open; `onParked` and `onEnd` frame the time in which nothing is sent. */
  park: (workload: Park, told: { onParked: () => void; onEnd: () => void }) => Promise<void>;
}

interface Told {
  measured?: Measured;
  parked?: true;
  ended?: true;
  error?: string;
}

export function startGenerator(scope: Scope): Generator {
  const child = startChild(scope, 'generator.ts');
  const next = async <K extends keyof Told>(key: K): Promise<NonNullable<Told[K]>> => {
    const told = await answerOf<Told>(child);
    const value = told[key];
    if (value === undefined) throw new Error(`the load failed: ${told.error}`);
    return value as NonNullable<Told[K]>;
  };
  return {
    run(workload) {
      child.send(workload);
      return next('measured');
    },
    async park(workload, { onParked, onEnd }) {
      child.send(workload);
      await next('parked');
      onParked();
      await next('ended');
      onEnd();
    },
  };
}

/** The bare node:http server of the ratio gates; gives its port. */
export async function startBareServer(scope: Scope): Promise<{ port: number; pid: number }> {
  const child = startChild(scope, 'bare-server.ts');
  const { port } = await answerOf<{ port: number }>(child);
  return { port, pid: child.pid ?? -1 };
}

export interface MeasuredMaster extends RunningMaster {
  port: number;
}

/**
 * The real, compiled master with its own keys, on a real disk. BENCH_PROFILE names a folder for a CPU profile of it.
 */
export async function startMeasured(scope: Scope, dataDir = scope.folder('master')): Promise<MeasuredMaster> {
  if (statfsSync(dataDir).type === TMPFS)
    throw new Error(`${dataDir} lies in memory, where a commit costs nothing: set TMPDIR to a folder on a disk`);
  const profile = process.env.BENCH_PROFILE;
  const env = profile ? { env: { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${profile}` } } : {};
  const args = ['--log-level', 'warn'];
  const master = await startMaster(scope, { dataDir, compiled: true, args, ...env });
  return { ...master, port: Number(new URL(master.url).port) };
}

/** CPU seconds of a process so far, all of its threads. */
export function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

export function residentKb(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
}

/** A burst, and what it took of the measured process. */
export async function measure(generator: Generator, pid: number, workload: Workload) {
  const before = cpuSeconds(pid);
  const measured = await generator.run(workload);
  const cpuUs = Math.round(((cpuSeconds(pid) - before) / Math.max(1, measured.done)) * 1e7) / 10;
  return { ...measured, cpuUs };
}

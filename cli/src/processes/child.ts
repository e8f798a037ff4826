import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { tied } from '@ffrtmp/runtime/tie';
import { type ErrorCode, errorTable, FfrtmpError } from '@ffrtmp/shared/contract/errors';

/** A master or agent that this program has started. */
export interface Program {
  /** `master`, `agent demo-1`: how messages call it. */
  name: string;
  /** The ready line it printed. */
  ready: RegExpExecArray;
  /** Resolves when it has ended, whatever the reason. Never rejects. */
  ended: Promise<Ending>;
  /** SIGTERM, and SIGKILL for one that does not end in time. */
  stop(): Promise<Ending>;
}

export interface Ending {
  code: number | null;
  signal: NodeJS.Signals | null;
  /** The program's own `error:` sentence, or the last line it wrote. */
  message: string;
}

export interface ProgramSettings {
  name: string;
  path: string;
  args: readonly string[];
  env: Readonly<Record<string, string | undefined>>;
  cwd: string;
  /** The line of stdout that says it is ready. */
  readyLine: RegExp;
  signal: AbortSignal;
  /** Gets every line the program writes to stderr. */
  onLog?: (line: string) => void;
}

/** An agent proves its encoders before it is ready: on a small busy machine that takes a while. */
const READY_TIMEOUT_MS = 120_000;
/** The master drains and an agent gives its work back within this time. */
const STOP_TIMEOUT_MS = 20_000;
const MAX_STDERR_LINES = 100;
/** How every program of this project begins the sentence it ends with. */
const ERROR_START = 'error: ';

const running = new Set<ChildProcess>();
// Whatever ends this program, nothing that it has started outlives it.
process.on('exit', () => {
  for (const child of running) killGroup(child);
});

/** The program and what it has started in turn: it leads a process group of its own. */
function killGroup(child: ChildProcess): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  } catch {
    // It has ended already.
  }
}

/** Starts a program and waits until it says that it is ready. One that ends before is an error with its own sentence. */
export async function startProgram(settings: ProgramSettings): Promise<Program> {
  settings.signal.throwIfAborted();
  // Its own session: Ctrl-C reaches this program alone, which then ends the others in the right order.
  const [command, args] = tied('TERM', settings.path, settings.args);
  const child = spawn(command, args, {
    cwd: settings.cwd,
    env: { ...settings.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  running.add(child);
  const stderr: string[] = [];
  let ending = false;
  createInterface({ input: child.stderr }).on('line', (line) => {
    stderr.push(line);
    if (stderr.length > MAX_STDERR_LINES) stderr.shift();
    // The sentence a program ends with is the message of its ending, and need not be said twice.
    ending ||= line.startsWith(ERROR_START);
    // While this program is being interrupted, so are the others: what they say of it is no news.
    if (!ending && !settings.signal.aborted) settings.onLog?.(line);
  });
  const ended = watchEnd(child, stderr);
  const stop = async () => {
    child.kill('SIGTERM');
    const force = setTimeout(() => killGroup(child), STOP_TIMEOUT_MS);
    try {
      return await ended;
    } finally {
      clearTimeout(force);
    }
  };
  try {
    return { name: settings.name, ready: await waitReady(child, settings, ended), ended, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function watchEnd(child: ChildProcess, stderr: readonly string[]): Promise<Ending> {
  try {
    const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
    return { code, signal, message: endMessage(stderr) };
  } catch (error) {
    return { code: null, signal: null, message: (error as Error).message };
  } finally {
    running.delete(child);
  }
}

function waitReady(child: ChildProcess, settings: ProgramSettings, ended: Promise<Ending>): Promise<RegExpExecArray> {
  return new Promise((resolve, reject) => {
    const fail = () => reject(settings.signal.reason);
    const timer = setTimeout(
      () =>
        reject(new FfrtmpError('internal', `the ${settings.name} was not ready after ${READY_TIMEOUT_MS / 1000} s`)),
      READY_TIMEOUT_MS,
    );
    settings.signal.addEventListener('abort', fail, { once: true });
    const settle = () => {
      clearTimeout(timer);
      settings.signal.removeEventListener('abort', fail);
    };
    if (child.stdout) {
      createInterface({ input: child.stdout }).on('line', (line) => {
        const match = settings.readyLine.exec(line);
        if (!match) return;
        settle();
        resolve(match);
      });
    }
    void ended.then((ending) => {
      settle();
      reject(endError(settings.name, ending));
    });
  });
}

/** The `error:` sentence of a program, which may have several lines; else the last thing it wrote. */
export function endMessage(stderr: readonly string[]): string {
  const at = stderr.findLastIndex((line) => line.startsWith(ERROR_START));
  const text = at < 0 ? (stderr.at(-1) ?? '') : stderr.slice(at).join('\n').replace(ERROR_START, '');
  return text.trim();
}

/** The end of a program as an error with the same exit code. */
export function endError(name: string, ending: Ending): FfrtmpError {
  const how = ending.signal ? `by ${ending.signal}` : `with code ${ending.code}`;
  const message = ending.message === '' ? `the ${name} ended ${how} and said nothing` : ending.message;
  return new FfrtmpError(codeOfExit(ending.code), message);
}

function codeOfExit(exit: number | null): ErrorCode {
  const codes = Object.keys(errorTable) as ErrorCode[];
  return codes.find((code) => errorTable[code].exit === exit) ?? 'internal';
}

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Scope } from './scope.ts';

export const repository = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
export const binary = (name: 'master' | 'agent' | 'ffrtmp') => join(repository, 'bin', name);

const DEFAULT_LINE_LIMIT_MS = 30_000;
const DEFAULT_STOP_LIMIT_MS = 20_000;
/** The end of an output that a failure quotes. */
const TAIL_LINES = 40;

export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

export interface ProgramOptions {
  name?: string;
  env?: Record<string, string>;
  cwd?: string;
}

export interface Program {
  name: string;
  pid: number;
  exited: Promise<Exit>;
  stdout(): string;
  stderr(): string;
  /** The first line of either stream, past or to come, that matches; rejects at the limit or when the program ends. */
  waitForLine(pattern: RegExp, limitMs?: number): Promise<RegExpExecArray>;
  signal(signal: NodeJS.Signals): void;
  /** Ends the program and waits until it has ended; one that outlives the limit is killed and that is an error. */
  stop(signal?: NodeJS.Signals, limitMs?: number): Promise<Exit>;
}

/** The kernel ends the program when the test's process dies, so that a killed test run leaves nothing. */
function tied(command: string, args: readonly string[]): [string, string[]] {
  const setpriv = '/usr/bin/setpriv';
  return existsSync(setpriv) ? [setpriv, ['--pdeathsig', 'KILL', '--', command, ...args]] : [command, [...args]];
}

/** Starts a program of the scope: its home, its temporary folder, and an end no later than the test's. */
export function startProgram(
  scope: Scope,
  command: string,
  args: readonly string[],
  options: ProgramOptions = {},
): Program {
  const name = options.name ?? command.split('/').at(-1) ?? command;
  const [file, argv] = tied(command, args);
  const child = spawn(file, argv, {
    cwd: options.cwd ?? scope.dir,
    env: { ...scope.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines = { stdout: [] as string[], stderr: [] as string[] };
  const watchers = new Set<(line: string) => void>();
  for (const stream of ['stdout', 'stderr'] as const) {
    createInterface({ input: child[stream] }).on('line', (line) => {
      lines[stream].push(line);
      for (const watch of watchers) watch(line);
    });
  }
  const exited = new Promise<Exit>((resolve, reject) => {
    child.once('error', reject);
    // `close` comes after the last line has been read, `exit` may come before.
    child.once('close', (code, signal) => resolve({ code, signal }));
  });
  exited.catch(() => undefined);
  const text = (stream: 'stdout' | 'stderr') => lines[stream].join('\n');
  const tail = () => `${name}:\n${[...lines.stdout, ...lines.stderr].slice(-TAIL_LINES).join('\n')}`;

  function waitForLine(pattern: RegExp, limitMs = DEFAULT_LINE_LIMIT_MS): Promise<RegExpExecArray> {
    const earlier = [...lines.stdout, ...lines.stderr]
      .map((line) => pattern.exec(line))
      .find((match) => match !== null);
    if (earlier) return Promise.resolve(earlier);
    return new Promise((resolve, reject) => {
      const end = (settle: () => void) => {
        watchers.delete(watch);
        clearTimeout(timer);
        settle();
      };
      const watch = (line: string) => {
        const match = pattern.exec(line);
        if (match) end(() => resolve(match));
      };
      const give = (why: string) =>
        end(() => reject(new Error(`${name} ${why} without a line like ${pattern}\n${tail()}`)));
      const timer = setTimeout(() => give(`ran ${limitMs} ms`), limitMs);
      watchers.add(watch);
      exited.then(({ code, signal }) => give(`ended (${code ?? signal})`), reject);
    });
  }

  async function stop(signal: NodeJS.Signals = 'SIGTERM', limitMs = DEFAULT_STOP_LIMIT_MS): Promise<Exit> {
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      child.kill('SIGKILL');
    }, limitMs);
    if (child.exitCode === null && child.signalCode === null) child.kill(signal);
    const exit = await exited.finally(() => clearTimeout(timer));
    if (late) throw new Error(`${name} did not end within ${limitMs} ms of ${signal}\n${tail()}`);
    return exit;
  }

  scope.onFailure(tail);
  scope.onEnd(async () => {
    await stop();
  });
  return {
    name,
    pid: child.pid ?? -1,
    exited,
    stdout: () => text('stdout'),
    stderr: () => text('stderr'),
    waitForLine,
    signal: (signal) => void child.kill(signal),
    stop,
  };
}

export interface Finished extends Exit {
  stdout: string;
  stderr: string;
}

/** Runs a program to its end, at most `limitMs`. */
export async function runProgram(
  scope: Scope,
  command: string,
  args: readonly string[],
  options: ProgramOptions & { limitMs?: number } = {},
): Promise<Finished> {
  const program = startProgram(scope, command, args, options);
  const limit = setTimeout(() => program.signal('SIGKILL'), options.limitMs ?? 60_000);
  const exit = await program.exited.finally(() => clearTimeout(limit));
  return { ...exit, stdout: program.stdout(), stderr: program.stderr() };
}

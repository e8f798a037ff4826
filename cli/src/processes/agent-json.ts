import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { tied } from '@ffrtmp/runtime/tie';
import { FfrtmpError } from '@ffrtmp/shared/contract/errors';
import type { z } from 'zod';
import type { Cli } from '../cli.ts';
import { type Ending, endError } from './child.ts';
import { programPath } from './programs.ts';

const ERROR_START = 'error: ';

export interface Answer<T> {
  /** What it printed; undefined when it ended before. */
  value: T | undefined;
  ending: Ending;
}

/** What this program was told of the master, for the agent that is asked in its place. */
function masterFlags(cli: Cli): string[] {
  const { master, ca, config } = cli.flags();
  return [
    ...(master === undefined ? [] : [`--master=${master}`]),
    ...(ca === undefined ? [] : [`--ca=${ca}`]),
    ...(config === undefined ? [] : [`--config=${config}`]),
  ];
}

/** Runs a verb of the agent that prints JSON and ends. What it says meanwhile is passed on, its last sentence is not. */
export async function askAgent<S extends z.ZodType>(
  cli: Cli,
  verb: 'doctor' | 'calibrate',
  words: readonly string[],
  schema: S,
): Promise<Answer<z.output<S>>> {
  cli.signal.throwIfAborted();
  const [command, args] = tied('TERM', programPath('agent'), [verb, ...masterFlags(cli), ...words]);
  const child = spawn(command, args, { cwd: cli.cwd, env: { ...cli.env }, stdio: ['ignore', 'pipe', 'pipe'] });
  const chunks: string[] = [];
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => chunks.push(chunk));
  let message = '';
  createInterface({ input: child.stderr }).on('line', (line) => {
    if (line.startsWith(ERROR_START)) message = line.slice(ERROR_START.length);
    else cli.say(line);
  });
  const stop = () => void child.kill('SIGTERM');
  cli.signal.addEventListener('abort', stop);
  try {
    const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
    cli.signal.throwIfAborted();
    const text = chunks.join('').trim();
    return { value: text === '' ? undefined : schema.parse(JSON.parse(text)), ending: { code, signal, message } };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new FfrtmpError('internal', `the agent printed something else than JSON: ${chunks.join('').slice(0, 200)}`);
  } finally {
    cli.signal.removeEventListener('abort', stop);
  }
}

/** The agent’s own error, with its exit code, where it ended with one. */
export function throwEnding({ ending }: Answer<unknown>): void {
  if (ending.code !== 0) throw endError('agent', ending);
}

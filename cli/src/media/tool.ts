import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { FfrtmpError } from '@ffrtmp/shared/contract/errors';

/** What one run of ffmpeg or ffprobe said. Its end is a value; only a missing program and an abort are thrown. */
export interface ToolRun {
  code: number | null;
  stdout: string;
  /** The end of what it wrote to stderr. */
  stderr: string;
}

const MAX_STDERR_CHARS = 16_384;
/** ffprobe prints a few kilobytes; more than this is not the document that was asked for. */
const MAX_STDOUT_CHARS = 8 << 20;

export async function runTool(
  program: 'ffmpeg' | 'ffprobe',
  args: readonly string[],
  signal: AbortSignal,
): Promise<ToolRun> {
  signal.throwIfAborted();
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    if (stdout.length < MAX_STDOUT_CHARS) stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-MAX_STDERR_CHARS);
  });
  const kill = () => child.kill('SIGKILL');
  signal.addEventListener('abort', kill, { once: true });
  try {
    const [code] = (await once(child, 'close')) as [number | null];
    signal.throwIfAborted();
    return { code, stdout, stderr };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw missingProgram(program);
    throw error;
  } finally {
    signal.removeEventListener('abort', kill);
  }
}

export const missingProgram = (program: string) =>
  new FfrtmpError(
    'missing_program',
    `${program} is not installed: install it (Debian, Ubuntu: apt-get install ffmpeg) and try again`,
  );

/** The last line that says something, which is where ffmpeg puts its reason. */
export const lastLine = (text: string) => text.trim().split('\n').at(-1)?.trim() ?? '';

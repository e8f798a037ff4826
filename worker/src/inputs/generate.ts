import type { GeneratedInput } from '@ffrtmp/shared/media/encoding';
import { testSourceArguments } from '@ffrtmp/shared/media/testsource';
import type { Expected } from '../engines/ffmpeg/command.ts';
import { type RunPlan, type RunResult, runProcess } from '../engines/ffmpeg/run.ts';

export interface Generation {
  ffmpeg: string;
  input: GeneratedInput;
  /** Absolute path of the mp4 to write. */
  output: string;
  threads: number;
}

/** How much `generateInput` will write, for progress. */
export function expectedOf({ duration_s, fps }: GeneratedInput): Expected {
  return { duration_s, frames: Math.round(duration_s * fps) };
}

/** Arguments of ffmpeg that write the film. Pure. */
export function generateArguments({ input, output, threads }: Generation): string[] {
  const report = ['-nostats', '-benchmark', '-progress', 'pipe:1', '-stats_period', '0.5'];
  return [...report, '-filter_threads', String(threads), ...testSourceArguments(input, output, threads)];
}

/** Writes the synthetic film of a job that brings no input. */
export function generateInput(
  request: Generation & Omit<RunPlan, 'program' | 'argv'>,
  signal: AbortSignal,
): Promise<RunResult> {
  return runProcess({ ...request, program: request.ffmpeg, argv: generateArguments(request) }, signal);
}

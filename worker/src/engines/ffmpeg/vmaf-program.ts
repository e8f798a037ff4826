import { execFile } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { decimal, fileUrl } from './argument.ts';
import { commonArguments, inputArguments } from './command.ts';
import { type QualityRequest, sidesOf, VMAF_LOG, VMAF_MODEL } from './quality-command.ts';
import { type RunPlan, type RunResult, runProcess } from './run.ts';

const extension = import.meta.filename.endsWith('.ts') ? 'ts' : 'js';
const feeder = join(import.meta.dirname, `vmaf-feed.${extension}`);

/** Three command lines that work at the same time: two write the pipes that the third reads. */
export interface VmafFeed {
  vmaf: string[];
  distorted: string[];
  reference: string[];
}

export interface VmafProgramRequest extends QualityRequest {
  ffmpeg: string;
  program: string;
  cwd: string;
}

/** Formats that the program reads; others are compared in the nearest. */
const y4mFormats = /^yuv4(?:20|22|44)p(?:10le)?$/;

/**
 * Two ffmpeg write the frames as they are compared, each into a pipe of its own, and the program reads both in step: one
 * ffmpeg for both pipes would stand still as soon as one is full while the program waits for the other. Pure.
 */
export function vmafFeed(request: VmafProgramRequest, pipes: { distorted: string; reference: string }): VmafFeed {
  const { distorted, reference } = sidesOf(request);
  const whole = { start_s: null, duration_s: null };
  const share = Math.max(1, Math.floor(request.threads / 2));
  const feed = (side: typeof distorted, input: string[], pipe: string) => {
    const format = side.picture.at(-1)?.replace('format=', '') ?? '';
    const plain = y4mFormats.test(format) ? [] : [`format=${/10|12|16/.test(format) ? 'yuv420p10le' : 'yuv420p'}`];
    const filters = [side.order, ...side.picture, ...plain].join(',');
    return [
      ...[request.ffmpeg, ...commonArguments, '-filter_threads', String(share), ...input],
      ...['-map', `0:${side.stream}`, '-vf', filters, '-fps_mode', 'passthrough', '-strict', '-1'],
      ...['-f', 'yuv4mpegpipe', fileUrl(pipe)],
    ];
  };
  return {
    vmaf: [
      ...[request.program, '--reference', pipes.reference, '--distorted', pipes.distorted],
      ...['--model', `version=${VMAF_MODEL}`, '--json', '--output', join(request.cwd, VMAF_LOG), '--quiet'],
      ...['--threads', decimal(request.threads), '--subsample', decimal(request.interval)],
    ],
    distorted: feed(distorted, inputArguments(request.distorted, whole, share), pipes.distorted),
    reference: feed(reference, inputArguments(request.reference, request.encode, share), pipes.reference),
  };
}

/**
 * Runs the program `vmaf` over two films without writing their frames anywhere. One process of ours starts the three, so
 * that watchdog, limits, cancel and energy see one tree, as with any engine.
 */
export async function runVmafProgram(
  request: VmafProgramRequest & Omit<RunPlan, 'program' | 'argv'>,
  signal: AbortSignal,
): Promise<RunResult> {
  const folder = join(request.cwd, 'pipes');
  mkdirSync(folder);
  const pipes = { distorted: join(folder, 'distorted.y4m'), reference: join(folder, 'reference.y4m') };
  await promisify(execFile)('mkfifo', [pipes.distorted, pipes.reference]);
  const argv = [feeder, JSON.stringify(vmafFeed(request, pipes))];
  return runProcess({ ...request, program: process.execPath, argv }, signal);
}

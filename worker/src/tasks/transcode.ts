import { mkdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { FfrtmpError } from '@ffrtmp/shared/contract/errors';
import type { Figure } from '@ffrtmp/shared/energy/figure';
import type { ResultMetrics } from '@ffrtmp/shared/job/attempt';
import type { TaskSpec } from '@ffrtmp/shared/job/task';
import { type TranscodeCommand, transcodeCommand } from '../engines/ffmpeg/command.ts';
import { encoderVersionOf } from '../engines/ffmpeg/encoder-version.ts';
import { displayedSize, type Media, pictureOf } from '../engines/ffmpeg/media.ts';
import { probe } from '../engines/ffmpeg/probe.ts';
import { toProgress } from '../engines/ffmpeg/progress.ts';
import { type RunResult, runProcess } from '../engines/ffmpeg/run.ts';
import { fetchInput } from '../inputs/fetch.ts';
import { expectedOf, generateArguments, generateInput } from '../inputs/generate.ts';
import { environmentOf, type MadeFile, phase, runLimits, runMetrics, type Work, type Workplace } from './work.ts';

type TranscodeSpec = Extract<TaskSpec, { kind: 'transcode' }>;

type Source = { path: string } | { failed: RunResult; argv: string[] };

/** The source of an encode: fetched, or generated when the job brings none. A run is returned when generating failed. */
async function prepareSource(place: Workplace, spec: TranscodeSpec): Promise<Source> {
  const input = place.task.inputs.find((artifact) => artifact.role === 'input');
  if (input) {
    const onProgress = (percent: number) => place.report({ ...phase('fetch'), percent });
    return { path: await fetchInput(place.connection, input, place.folder, { signal: place.signal, onProgress }) };
  }
  if (!spec.generate) throw new FfrtmpError('invalid_request', 'the task has neither an input nor a generator');
  const path = join(place.folder, 'source.mp4');
  const expected = expectedOf(spec.generate);
  const startedMs = performance.now();
  const generation = { ffmpeg: place.machine.ffmpeg, input: spec.generate, output: path, threads: place.threads };
  const run = await generateInput(
    {
      ...generation,
      cwd: place.folder,
      ...runLimits(spec.limits),
      onSpawn: place.onSpawn,
      onStderr: place.log,
      onProgress: (snapshot) =>
        place.report({ phase: 'generate', ...toProgress(snapshot, expected, startedMs, performance.now()) }),
    },
    place.signal,
  );
  if (run.outcome.kind === 'succeeded') return { path };
  return { failed: run, argv: [generation.ffmpeg, ...generateArguments(generation)] };
}

/** Runs one encode: source, argv from data, ffmpeg under watch, and what came out of it, measured. */
export async function transcode(place: Workplace, spec: TranscodeSpec): Promise<Work> {
  const source = await prepareSource(place, spec);
  if ('failed' in source) {
    const environment = environmentOf(place.machine, { encoder: null, argv: source.argv, dropped: [] });
    return { outcome: source.failed.outcome, metrics: runMetrics(source.failed), figures: [], environment, files: [] };
  }
  const media = await probe(source.path, place.signal, place.machine.ffprobe);
  const output = join(place.folder, 'output', spec.output_name);
  const command = transcodeCommand({ encode: spec.encode, media, input: source.path, output, threads: place.threads });
  mkdirSync(dirname(output));
  const { run, frames, figures } = await encode(place, spec, command);
  const encoder = encoderVersionOf(run.stderrTail);
  const environment = environmentOf(place.machine, {
    encoder,
    argv: [place.machine.ffmpeg, ...command.argv],
    dropped: command.dropped,
  });
  const work = { outcome: run.outcome, metrics: runMetrics(run), figures, environment };
  if (run.outcome.kind !== 'succeeded') return { ...work, files: [] };
  const files: MadeFile[] = [{ role: 'output', path: output, name: spec.output_name }];
  if (spec.keep_source) files.push({ role: 'source', path: source.path, name: 'source.mp4' });
  const inspect = async () => {
    const made = await probe(output, place.signal, place.machine.ffprobe);
    requireLength(made, command);
    return outputMetrics(run, made, source.path, frames);
  };
  return { ...work, files, inspect };
}

/** Below this share of the expected length a result is no result: ffmpeg ends a truncated source without an error. */
const SHORTEST_SHARE = 0.75;

function requireLength(made: Media, { expected }: TranscodeCommand): void {
  const length = pictureOf(made)?.duration_s ?? made.duration_s;
  if (expected.duration_s === null || length === null || length >= expected.duration_s * SHORTEST_SHARE) return;
  throw new FfrtmpError(
    'not_a_video',
    `the output is ${length.toFixed(2)} s long and not ${expected.duration_s.toFixed(2)} s: the input breaks off`,
  );
}

interface EncodeRun {
  run: RunResult;
  /** As ffmpeg counted them. */
  frames: number;
  figures: Figure[];
}

async function encode(place: Workplace, spec: TranscodeSpec, command: TranscodeCommand): Promise<EncodeRun> {
  let frames = 0;
  const energy = place.startEnergy();
  const startedMs = performance.now();
  const run = await runProcess(
    {
      program: place.machine.ffmpeg,
      argv: command.argv,
      cwd: place.folder,
      ...runLimits(spec.limits),
      onSpawn(pid) {
        energy.setPid(pid);
        place.onSpawn(pid);
      },
      onProgress(snapshot) {
        frames = snapshot.frame ?? frames;
        place.report({ phase: 'encode', ...toProgress(snapshot, command.expected, startedMs, performance.now()) });
      },
      onStderr: place.log,
    },
    place.signal,
  );
  energy.finalCpuSeconds(run.cpuSeconds);
  const figures = await energy.stop();
  place.report({ ...phase('encode'), frames, percent: run.outcome.kind === 'succeeded' ? 100 : null });
  return { run, frames, figures };
}

function outputMetrics(run: RunResult, made: Media, sourcePath: string, counted: number): ResultMetrics {
  const picture = pictureOf(made);
  const size = picture && displayedSize(picture);
  const seconds = (run.endedAtMs - run.startedAtMs) / 1000;
  const frames = picture?.frames ?? counted;
  const mediaS = picture?.duration_s ?? made.duration_s ?? 0;
  return {
    frames,
    ...(seconds > 0 ? { fps: frames / seconds, speed: mediaS / seconds } : {}),
    media_s: mediaS,
    ...(size ? { width: size.width, height: size.height } : {}),
    input_bytes: statSync(sourcePath).size,
    output_bytes: made.bytes,
  };
}

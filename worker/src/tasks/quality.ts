import { join } from 'node:path';
import { FfrtmpError } from '@ffrtmp/shared/contract/errors';
import type { Artifact, TaskSpec } from '@ffrtmp/shared/job/task';
import { type MediaStream, pictureOf } from '../engines/ffmpeg/media.ts';
import { probe } from '../engines/ffmpeg/probe.ts';
import { toProgress } from '../engines/ffmpeg/progress.ts';
import { type Measured, measureQuality, unmeasured } from '../engines/ffmpeg/quality.ts';
import { misfitOf } from '../engines/ffmpeg/quality-fit.ts';
import { QUALITY_LOG_NAME, writeQualityLog } from '../engines/ffmpeg/quality-log.ts';
import { sampleInterval } from '../engines/ffmpeg/quality-sample.ts';
import { fetchInput } from '../inputs/fetch.ts';
import { environmentOf, type MadeFile, phase, runLimits, runMetrics, type Work, type Workplace } from './work.ts';

type QualitySpec = Extract<TaskSpec, { kind: 'quality' }>;

function artifact(place: Workplace, ...roles: Artifact['role'][]): Artifact {
  const found = roles
    .map((role) => place.task.inputs.find((one) => one.role === role))
    .find((one) => one !== undefined);
  if (!found) throw new FfrtmpError('invalid_request', `the task has no input in the role ${roles.join(' or ')}`);
  return found;
}

/** One of the two films: where it lies and its picture. */
interface Film {
  path: string;
  picture: MediaStream;
}

async function film(place: Workplace, from: Artifact): Promise<Film> {
  const onProgress = (percent: number) => place.report({ ...phase('fetch'), percent });
  const path = await fetchInput(place.connection, from, place.folder, { signal: place.signal, onProgress });
  const picture = pictureOf(await probe(path, place.signal, place.machine.ffprobe));
  if (!picture) throw new FfrtmpError('not_a_video', `${path} has no picture to compare`);
  return { path, picture };
}

/** Compares a result with the source it was made from: the generated one where there was no other. */
export async function compareQuality(place: Workplace, spec: QualitySpec): Promise<Work> {
  const distorted = await film(place, artifact(place, 'output'));
  const reference = await film(place, artifact(place, 'source', 'input'));
  const misfit = misfitOf(distorted.picture, reference.picture, spec.encode);
  if (misfit !== null) {
    place.log(`nothing is compared: ${misfit}\n`);
    const environment = environmentOf(place.machine, { encoder: null, argv: [], dropped: [] });
    const figures = unmeasured(spec.metrics, misfit);
    return { outcome: { kind: 'succeeded' }, metrics: {}, figures, environment, files: [] };
  }
  const interval = sampleInterval(spec.sample, distorted.picture);
  const energy = place.startEnergy();
  const measured = await measure(place, spec, { distorted, reference, interval, energy });
  const used = await energy.stop();
  const { run, argv } = measured;
  const environment = environmentOf(place.machine, { encoder: null, argv, dropped: [] });
  const figures = [...used, ...measured.figures];
  const files = await keptLog(place.folder, measured, interval);
  return { outcome: run.outcome, metrics: runMetrics(run), figures, environment, files };
}

interface Pair {
  distorted: Film;
  reference: Film;
  interval: number;
  energy: ReturnType<Workplace['startEnergy']>;
}

function measure(place: Workplace, spec: QualitySpec, { distorted, reference, interval, energy }: Pair) {
  const { picture } = distorted;
  const expected = { frames: picture.frames ?? null, duration_s: picture.duration_s ?? null };
  const startedMs = performance.now();
  return measureQuality(
    {
      ffmpeg: place.machine.ffmpeg,
      version: place.machine.ffmpegVersion,
      vmaf: place.machine.vmaf,
      distorted: distorted.path,
      reference: reference.path,
      distortedPicture: distorted.picture,
      referencePicture: reference.picture,
      encode: spec.encode,
      metrics: spec.metrics,
      interval,
      threads: place.threads,
      cwd: place.folder,
      ...runLimits(spec.limits),
      onStderr: place.log,
      onSpawn(pid) {
        energy.setPid(pid);
        place.onSpawn(pid);
      },
      onRun: (run) => energy.finalCpuSeconds(run.cpuSeconds),
      onProgress: (snapshot) =>
        place.report({ phase: 'compare', ...toProgress(snapshot, expected, startedMs, performance.now()) }),
    },
    place.signal,
  );
}

/** The values of all frames as one small file; nothing where nothing was measured. */
async function keptLog(folder: string, { series, frames }: Measured, interval: number): Promise<MadeFile[]> {
  if (frames === 0 || Object.keys(series).length === 0) return [];
  const path = join(folder, QUALITY_LOG_NAME);
  await writeQualityLog(path, series, frames, interval);
  return [{ role: 'quality_log', path, name: QUALITY_LOG_NAME }];
}

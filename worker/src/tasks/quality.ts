import { FfrtmpError } from '@ffrtmp/shared/contract/errors';
import type { Artifact, TaskSpec } from '@ffrtmp/shared/job/task';
import { type MediaStream, pictureOf } from '../engines/ffmpeg/media.ts';
import { probe } from '../engines/ffmpeg/probe.ts';
import { toProgress } from '../engines/ffmpeg/progress.ts';
import { measureQuality } from '../engines/ffmpeg/quality.ts';
import { qualityCommand } from '../engines/ffmpeg/quality-command.ts';
import { fetchInput } from '../inputs/fetch.ts';
import { environmentOf, phase, runLimits, runMetrics, type Work, type Workplace } from './work.ts';

type QualitySpec = Extract<TaskSpec, { kind: 'quality' }>;

function artifact(place: Workplace, ...roles: Artifact['role'][]): Artifact {
  const found = roles
    .map((role) => place.task.inputs.find((one) => one.role === role))
    .find((one) => one !== undefined);
  if (!found) throw new FfrtmpError('invalid_request', `the task has no input in the role ${roles.join(' or ')}`);
  return found;
}

async function picture(place: Workplace, path: string): Promise<MediaStream> {
  const found = pictureOf(await probe(path, place.signal, place.machine.ffprobe));
  if (!found) throw new FfrtmpError('not_a_video', `${path} has no picture to compare`);
  return found;
}

/** Compares a result with the source it was made from: the generated one where there was no other. */
export async function compareQuality(place: Workplace, spec: QualitySpec): Promise<Work> {
  const onProgress = (percent: number) => place.report({ ...phase('fetch'), percent });
  const options = { signal: place.signal, onProgress };
  const distorted = await fetchInput(place.connection, artifact(place, 'output'), place.folder, options);
  const reference = await fetchInput(place.connection, artifact(place, 'source', 'input'), place.folder, options);
  const [distortedPicture, referencePicture] = [await picture(place, distorted), await picture(place, reference)];
  const expected = { frames: distortedPicture.frames ?? null, duration_s: distortedPicture.duration_s ?? null };
  const energy = place.startEnergy();
  const startedMs = performance.now();
  const request = {
    ffmpeg: place.machine.ffmpeg,
    version: place.machine.ffmpegVersion,
    distorted,
    reference,
    distortedPicture,
    referencePicture,
    encode: spec.encode,
    metrics: spec.metrics,
    threads: place.threads,
    cwd: place.folder,
    ...runLimits(spec.limits),
    onStderr: place.log,
    onSpawn(pid: number) {
      energy.setPid(pid);
      place.onSpawn(pid);
    },
    onProgress: (snapshot: Parameters<typeof toProgress>[0]) =>
      place.report({ phase: 'compare', ...toProgress(snapshot, expected, startedMs, performance.now()) }),
  };
  const { run, figures } = await measureQuality(request, place.signal);
  energy.finalCpuSeconds(run.cpuSeconds);
  const used = await energy.stop();
  const argv = [place.machine.ffmpeg, ...qualityCommand(request)];
  const environment = environmentOf(place.machine, { encoder: null, argv, dropped: [] });
  return { outcome: run.outcome, metrics: runMetrics(run), figures: [...used, ...figures], environment, files: [] };
}

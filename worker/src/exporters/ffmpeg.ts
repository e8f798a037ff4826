import { type Exporter, type Sample, sample } from '@ffrtmp/runtime/exporters';
import { createTally } from '@ffrtmp/runtime/tally';
import type { Claimed, ResultInput } from '@ffrtmp/shared/contract/dispatch';
import type { Progress } from '@ffrtmp/shared/job/job';
import { knownEncoders } from '@ffrtmp/shared/media/encoding';
import { workerMetrics } from '@ffrtmp/shared/metrics';

/** What an attempt is to this exporter. */
export interface WatchedAttempt {
  claimed: Pick<Claimed, 'lease'> & { task: Pick<Claimed['task'], 'kind' | 'spec'> };
  progress: Pick<Progress, 'phase' | 'frames' | 'fps' | 'speed'> | null;
}

export interface FfmpegExporter extends Exporter {
  /** An engine process of the attempt began. */
  started: (attempt: WatchedAttempt) => void;
  /** The attempt has ended, and this is what the master is told. */
  ended: (attempt: WatchedAttempt, result: Pick<ResultInput, 'status' | 'failure_class' | 'metrics'>) => void;
}

/** Phases in which the engine does what the task is for: what it generates first are no frames of the job. */
const WORKING = new Set(['encode', 'compare']);
const known = new Set(knownEncoders());

/** The list of encoders bounds the label, whatever a master may send. A comparison has none. */
function labelsOf({ claimed: { task } }: WatchedAttempt): { task: string; encoder: string } {
  const name = task.spec.kind === 'transcode' ? task.spec.encode.encoder : 'none';
  return { task: task.kind, encoder: known.has(name) || name === 'none' ? name : 'other' };
}

const idOf = ({ claimed }: WatchedAttempt) => claimed.lease.attempt_id;
const isWorking = ({ progress }: WatchedAttempt) => progress !== null && WORKING.has(progress.phase);

/** What the engines of this agent do now and have done since it started, from their own reports. */
export function ffmpegExporter(held: () => Iterable<WatchedAttempt>): FfmpegExporter {
  const tally = createTally();
  /** Frames of running attempts that are counted already. */
  const counted = new Map<string, number>();

  function countFrames(attempt: WatchedAttempt, frames: number | null | undefined): void {
    const before = counted.get(idOf(attempt)) ?? 0;
    if (frames === null || frames === undefined || frames <= before) return;
    tally.add(workerMetrics.frames, labelsOf(attempt), frames - before);
    counted.set(idOf(attempt), frames);
  }

  function runningSamples(): Sample[] {
    const sums = new Map<
      string,
      { labels: ReturnType<typeof labelsOf>; running: number; fps: number; speed: number }
    >();
    for (const attempt of held()) {
      if (!isWorking(attempt)) continue;
      const labels = labelsOf(attempt);
      const key = `${labels.task} ${labels.encoder}`;
      const sum = sums.get(key) ?? { labels, running: 0, fps: 0, speed: 0 };
      sums.set(key, sum);
      sum.running += 1;
      sum.fps += attempt.progress?.fps ?? 0;
      sum.speed += attempt.progress?.speed ?? 0;
      countFrames(attempt, attempt.progress?.frames);
    }
    return [...sums.values()].flatMap(({ labels, running, fps, speed }) => [
      ...sample(workerMetrics.running, running, labels),
      ...sample(workerMetrics.fps, fps, labels),
      ...sample(workerMetrics.speed, speed, labels),
    ]);
  }

  return {
    name: 'ffmpeg',
    metrics: [
      ...[workerMetrics.running, workerMetrics.frames, workerMetrics.fps, workerMetrics.speed, workerMetrics.starts],
      ...[workerMetrics.attempts, workerMetrics.failures, workerMetrics.engineSeconds, workerMetrics.engineCpu],
      ...[workerMetrics.inputBytes, workerMetrics.outputBytes],
    ],
    started({ claimed: { task, lease } }) {
      tally.add(workerMetrics.starts, { task: task.kind, again: String(lease.attempt > 1) }, 1);
    },
    ended(attempt, { status, failure_class: failureClass, metrics = {} }) {
      const labels = labelsOf(attempt);
      countFrames(attempt, metrics.frames ?? (isWorking(attempt) ? attempt.progress?.frames : null));
      counted.delete(idOf(attempt));
      tally.add(workerMetrics.attempts, { task: labels.task, outcome: status }, 1);
      if (status === 'failed')
        tally.add(workerMetrics.failures, { task: labels.task, failure_class: failureClass ?? 'unknown' }, 1);
      tally.add(workerMetrics.engineSeconds, labels, metrics.duration);
      tally.add(workerMetrics.engineCpu, labels, metrics.cpu_s);
      if (labels.encoder === 'none') return;
      tally.add(workerMetrics.inputBytes, { encoder: labels.encoder }, metrics.input_bytes);
      tally.add(workerMetrics.outputBytes, { encoder: labels.encoder }, metrics.output_bytes);
    },
    collect() {
      const running = runningSamples();
      return { samples: [...running, ...tally.samples()], reason: 'ok' };
    },
  };
}

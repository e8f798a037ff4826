import type { Exporter } from '@ffrtmp/runtime/exporters';
import { settingsOf } from '@ffrtmp/runtime/exporters';
import { createTally } from '@ffrtmp/runtime/tally';
import { isLiveAttempt } from '@ffrtmp/shared/job/state';
import type { TaskKind } from '@ffrtmp/shared/job/task';
import { knownEncoders } from '@ffrtmp/shared/media/encoding';
import { type MetricFacts, masterMetrics } from '@ffrtmp/shared/metrics';
import { Histogram, type Registry } from 'prom-client';
import type { Lanes } from '../jobs/lanes.ts';
import type { AttemptWatch } from '../jobs/parts.ts';
import type { TaskRow } from '../jobs/store.ts';
import { recordCustom } from './custom.ts';
import { countFigures } from './figures.ts';

export interface ResultCounters extends AttemptWatch {
  /** A task as it was before this lease. */
  leased: (task: Pick<TaskRow, 'class_id' | 'queued_at' | 'position' | 'attempts'>) => void;
  exporter: Exporter;
}

const known = new Set(knownEncoders());

interface Work {
  task: TaskKind;
  encoder: string;
}

/** Of the kinds of tasks there are an encode alone needs an encoder. The list of them bounds the label. */
function workOf(lanes: Pick<Lanes, 'of'>, classId: number): Work {
  const encoder = lanes.of(classId)?.requirement.encoder ?? null;
  if (encoder === null) return { task: 'quality', encoder: 'none' };
  return { task: 'transcode', encoder: known.has(encoder) ? encoder : 'other' };
}

/** Counts what attempts do and come to. Nothing is read for it: the rows and results pass by anyway. */
export function countResults(
  registry: Registry,
  { lanes, now }: { lanes: () => Pick<Lanes, 'of'>; now: () => number },
): ResultCounters {
  const tally = createTally();
  const histogram = <L extends string>(facts: MetricFacts<L>) =>
    new Histogram({ ...settingsOf(facts, registry), buckets: [...(facts.buckets ?? [])] });
  const waitTime = histogram(masterMetrics.waitTime);
  const startTime = histogram(masterMetrics.startTime);
  const figures = countFigures(tally);
  const custom = recordCustom(tally);

  return {
    leased({ class_id: classId, queued_at: since, position, attempts }) {
      // Later tasks wait for earlier ones, and later attempts for a delay: that is no wait for a node.
      if (position > 0 || attempts > 0) return;
      const queue = lanes().of(classId)?.queue ?? 'default';
      waitTime.observe({ queue }, Math.max(0, now() - since) / 1000);
    },
    moved(attempt) {
      if (attempt.state === 'running' && attempt.started_at !== null)
        startTime.observe(Math.max(0, attempt.started_at - attempt.leased_at) / 1000);
      if (isLiveAttempt(attempt.state)) return;
      const { task } = workOf(lanes(), attempt.class_id);
      const { state: outcome, failure_class: failureClass } = attempt;
      tally.add(masterMetrics.attempts, { task, outcome, failure_class: failureClass ?? 'none' }, 1);
    },
    wasted: (attemptId, said) => figures(attemptId, 'waste', said),
    stored({ id, class_id: classId }, kept, result) {
      const { task, encoder } = workOf(lanes(), classId);
      const used = task === 'quality' ? 'quality' : 'encode';
      figures(id, kept ? used : 'waste', result.figures);
      custom(result.metrics);
      tally.add(masterMetrics.engineSeconds, { encoder }, result.metrics.duration);
      if (task === 'quality') return;
      tally.add(masterMetrics.mediaSeconds, { encoder }, result.metrics.media_s);
      tally.add(masterMetrics.frames, { encoder }, result.metrics.frames);
      tally.add(masterMetrics.inputBytes, { encoder }, result.metrics.input_bytes);
      tally.add(masterMetrics.outputBytes, { encoder }, result.metrics.output_bytes);
    },
    exporter: {
      name: 'results',
      metrics: [
        ...[masterMetrics.attempts, masterMetrics.engineSeconds, masterMetrics.mediaSeconds, masterMetrics.frames],
        ...[masterMetrics.inputBytes, masterMetrics.outputBytes, masterMetrics.energy, masterMetrics.energyUnknown],
        ...[masterMetrics.cost, masterMetrics.carbon, masterMetrics.custom, masterMetrics.customReports],
        masterMetrics.customDropped,
      ],
      collect: () => ({ samples: tally.samples(), reason: 'ok' }),
    },
  };
}

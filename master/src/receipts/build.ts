import { type Figure, sumFigures } from '@ffrtmp/shared/energy/figure';
import { joulesPerMegapixelFrame, type Receipt, type ReceiptLine, sumLines } from '@ffrtmp/shared/energy/receipt';
import type { Attempt } from '@ffrtmp/shared/job/attempt';
import type { Job } from '@ffrtmp/shared/job/job';
import { isLiveAttempt, isTerminalTask, type TaskState } from '@ffrtmp/shared/job/state';

const secondsOf = (attempt: Attempt) =>
  attempt.ended_at === null
    ? null
    : (Date.parse(attempt.ended_at) - Date.parse(attempt.started_at ?? attempt.leased_at)) / 1000;

const lineOf = (attempt: Attempt): ReceiptLine => ({
  attempt_id: attempt.id,
  task_kind: attempt.task_kind,
  attempt: attempt.attempt,
  node_id: attempt.node_id,
  node_name: attempt.node_name,
  state: attempt.state,
  waste: !isLiveAttempt(attempt.state) && attempt.state !== 'succeeded',
  seconds: secondsOf(attempt),
  metrics: attempt.metrics,
  figures: attempt.figures,
});

/** Is every energy figure of the result covered as well as the job asked for? */
function coverageOk(confidence: Job['confidence'], energy: readonly Figure[]): boolean | null {
  if (confidence === 'auto') return null;
  const known = energy.filter((figure) => figure.value !== null);
  return known.length > 0 && known.every((figure) => figure.coverage >= confidence);
}

/** A job's receipt from its attempts: the lines, and sums over the lines alone. Pure. */
export function buildReceipt(job: Job, tasks: readonly { state: TaskState }[], attempts: readonly Attempt[]): Receipt {
  const lines = attempts.map(lineOf);
  const sums = sumLines(lines);
  const outputs = attempts.filter((attempt) => attempt.state === 'succeeded').flatMap((attempt) => attempt.artifacts);
  return {
    job_id: job.id,
    sequence_number: job.sequence_number,
    name: job.name,
    status: job.status,
    complete: tasks.every((task) => isTerminalTask(task.state)),
    lines,
    ...sums,
    joules_per_megapixel_frame: joulesPerMegapixelFrame(lines),
    coverage_ok: coverageOk(job.confidence, sums.energy),
    cost: null,
    outputs: outputs.map(({ role, name, sha256, bytes }) => ({ role, name: name ?? null, sha256, bytes })),
  };
}

export const energyOnly = (figures: readonly Figure[]) => sumFigures(figures.filter((figure) => figure.unit === 'J'));

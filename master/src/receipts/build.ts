import { countFigures, totalsOf } from '@ffrtmp/shared/energy/counted';
import { type Figure, isCarbon, isCost, isEnergy, sumFigures } from '@ffrtmp/shared/energy/figure';
import { carbonOf, costOf, pricedIn } from '@ffrtmp/shared/energy/priced';
import {
  joulesPerMegapixelFrame,
  type Receipt,
  type ReceiptLine,
  sumLines,
  type Waste,
} from '@ffrtmp/shared/energy/receipt';
import { sciOf } from '@ffrtmp/shared/energy/sci';
import type { Attempt } from '@ffrtmp/shared/job/attempt';
import type { Job } from '@ffrtmp/shared/job/job';
import { isTerminalTask, type TaskState } from '@ffrtmp/shared/job/state';
import { scoresOfJob } from './scores.ts';
import { causeOf, isWaste } from './waste.ts';

const secondsOf = (attempt: Attempt) =>
  attempt.ended_at === null
    ? null
    : (Date.parse(attempt.ended_at) - Date.parse(attempt.started_at ?? attempt.leased_at)) / 1000;

function lineOf(attempt: Attempt): ReceiptLine {
  const waste = isWaste(attempt);
  return {
    attempt_id: attempt.id,
    task_kind: attempt.task_kind,
    attempt: attempt.attempt,
    node_id: attempt.node_id,
    node_name: attempt.node_name,
    state: attempt.state,
    waste,
    cause: waste ? causeOf(attempt) : null,
    seconds: secondsOf(attempt),
    metrics: attempt.metrics,
    figures: attempt.figures,
  };
}

/** Is every energy figure of the result covered as well as the job asked for? */
function coverageOk(confidence: Job['confidence'], energy: readonly Figure[]): boolean | null {
  if (confidence === 'auto') return null;
  const known = energy.filter((figure) => figure.value !== null);
  return known.length > 0 && known.every((figure) => figure.coverage >= confidence);
}

const secondsIn = (lines: readonly ReceiptLine[]) =>
  lines.reduce((sum, { seconds }) => sum + Math.max(0, seconds ?? 0), 0);

const only = (lines: readonly ReceiptLine[], keep: (figure: Figure) => boolean) =>
  sumFigures(lines.flatMap(({ figures }) => figures.filter(keep)));

/** What came to nothing, by cause, in the order in which the causes came up. */
function wasteOf(lines: readonly ReceiptLine[]): Waste[] {
  const byCause = Map.groupBy(
    lines.filter(({ waste }) => waste),
    ({ cause }) => cause ?? 'unknown',
  );
  return [...byCause].map(([cause, wasted]) => ({
    cause,
    attempts: wasted.length,
    seconds: secondsIn(wasted),
    ...{ energy: only(wasted, isEnergy), cost: only(wasted, isCost), carbon: only(wasted, isCarbon) },
  }));
}

/** Seconds of finished output. */
const outputSeconds = (lines: readonly ReceiptLine[]) =>
  lines
    .filter((line) => line.state === 'succeeded' && line.task_kind === 'transcode' && !line.waste)
    .reduce((sum, { metrics }) => sum + (metrics?.media_s ?? 0), 0);

/** Money, carbon and totals over the lines that have ended. */
function pricesOf(lines: readonly ReceiptLine[]): Pick<Receipt, 'cost' | 'carbon' | 'sci' | 'totals'> {
  const ended = lines.filter(({ seconds }) => seconds !== null);
  const whole = { attempts: ended.length, seconds: secondsIn(ended) };
  const parts = ended.flatMap(({ figures, seconds }) => countFigures(figures, Math.max(0, seconds ?? 0)));
  return {
    cost: costOf(only(ended, isCost), { ...whole, priced: pricedIn(ended, 'cost_energy') }),
    carbon: carbonOf(only(ended, isCarbon), { ...whole, priced: pricedIn(ended, 'carbon_operational') }),
    sci: sciOf(parts, whole, outputSeconds(ended)),
    totals: totalsOf(parts, whole),
  };
}

/** A job's receipt from its attempts: the lines, and sums over the lines alone. Pure. */
export function buildReceipt(job: Job, tasks: readonly { state: TaskState }[], attempts: readonly Attempt[]): Receipt {
  const lines = attempts.map(lineOf);
  const sums = sumLines(lines);
  const complete = tasks.every((task) => isTerminalTask(task.state));
  const outputs = attempts.filter((attempt) => attempt.state === 'succeeded').flatMap((attempt) => attempt.artifacts);
  return {
    job_id: job.id,
    sequence_number: job.sequence_number,
    name: job.name,
    status: job.status,
    complete,
    lines,
    ...sums,
    joules_per_megapixel_frame: joulesPerMegapixelFrame(lines),
    scores: complete ? scoresOfJob(lines, sums) : [],
    coverage_ok: coverageOk(job.confidence, sums.energy),
    ...pricesOf(lines),
    waste: wasteOf(lines),
    outputs: outputs.map(({ role, name, sha256, bytes }) => ({ role, name: name ?? null, sha256, bytes })),
  };
}

export const energyOnly = (figures: readonly Figure[]) => sumFigures(figures.filter(isEnergy));

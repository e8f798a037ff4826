import type { Figure } from '@ffrtmp/shared/energy/figure';
import { type Score, type ScoreName, scoreNames, scoreUnits } from '@ffrtmp/shared/energy/score';

/** One file of an encode; a ladder has several. null = its encode did not say. */
export interface ScoredOutput {
  width: number | null;
  height: number | null;
  frames: number | null;
  bytes: number | null;
  /** Its length, seconds of film. */
  mediaS: number | null;
}

/** What a score is made of. */
export interface ScoredRun {
  /** Active energy of the encode, with its label; null when nothing is known of it. */
  energy: Figure | null;
  /** Wall time of the engine. */
  seconds: number | null;
  outputs: readonly ScoredOutput[];
  /** Mean VMAF of the output, 0 to 100. */
  vmaf: number | null;
}

/** What stands over the energy, or why it is not known. */
type Known = { value: number } | { reason: string };

const isPositive = (value: number | null): value is number => value !== null && value > 0;

/** The sum over all outputs: a ladder with one unknown rung is unknown as a whole. */
function sumOf(outputs: readonly ScoredOutput[], read: (output: ScoredOutput) => number | null, what: string): Known {
  if (outputs.length === 0) return { reason: 'there is no output' };
  let value = 0;
  for (const output of outputs) {
    const one = read(output);
    if (!isPositive(one)) return { reason: `the ${what} of an output is not known` };
    value += one;
  }
  return { value };
}

const pixelsIn = ({ width, height, frames }: ScoredOutput) =>
  isPositive(width) && isPositive(height) && isPositive(frames) ? width * height * frames : null;

const megabitsASecond = ({ bytes, mediaS }: ScoredOutput) =>
  isPositive(bytes) && isPositive(mediaS) ? (bytes * 8) / 1e6 / mediaS : null;

const vmafOf = ({ vmaf }: ScoredRun): Known => (vmaf === null ? { reason: 'VMAF was not measured' } : { value: vmaf });

/** A score by watts is one by joules times the time that the engine took. */
function timesSeconds(known: Known, { seconds }: ScoredRun): Known {
  if ('reason' in known) return known;
  return isPositive(seconds) ? { value: known.value * seconds } : { reason: 'the time of the engine is not known' };
}

function weighted(known: Known, run: ScoredRun): Known {
  const vmaf = vmafOf(run);
  if ('reason' in known) return known;
  return 'reason' in vmaf ? vmaf : { value: (known.value * vmaf.value) / 100 };
}

/** Each score as a number to be divided by joules: x / (J / s) = x s / J. */
const above: Readonly<Record<ScoreName, (run: ScoredRun) => Known>> = {
  throughput_per_watt: (run) => timesSeconds(sumOf(run.outputs, megabitsASecond, 'bitrate'), run),
  pixels_per_joule: ({ outputs }) => sumOf(outputs, pixelsIn, 'picture'),
  quality_per_watt: (run) => timesSeconds(vmafOf(run), run),
  qoe_efficiency: (run) => weighted(sumOf(run.outputs, pixelsIn, 'picture'), run),
};

/** Quality where it was measured, else the pixels of a ladder, else throughput: the seeds' own order. Pure. */
export function chosenScore({ vmaf, outputs }: Pick<ScoredRun, 'vmaf' | 'outputs'>): ScoreName {
  if (vmaf !== null) return 'qoe_efficiency';
  return outputs.length > 1 ? 'pixels_per_joule' : 'throughput_per_watt';
}

function scoreOf(name: ScoreName, run: ScoredRun): Score {
  const { energy } = run;
  const label = { name, unit: scoreUnits[name], chosen: name === chosenScore(run) };
  const without = (reason: string): Score => ({
    ...label,
    ...{ value: null, low: null, high: null, reason },
    ...{ scope: energy ? [...energy.scope] : [], quality: 'none' },
  });
  if (energy === null || energy.value === null) return without(energy?.source ?? 'the active energy is not known');
  if (energy.value <= 0) return without('it used no energy above idle that could be told');
  const known = above[name](run);
  if ('reason' in known) return without(known.reason);
  const per = (joules: number | null) => {
    const score = isPositive(joules) ? known.value / joules : Number.POSITIVE_INFINITY;
    return Number.isFinite(score) ? score : null;
  };
  const value = per(energy.value);
  // Agents say what they like, and a second of film may last a millionth of an attosecond.
  if (value === null) return without('what it is made of is beyond all measure');
  return {
    ...label,
    ...{ value, low: per(energy.high), high: per(energy.low) },
    ...{ scope: [...energy.scope], quality: energy.quality, reason: null },
  };
}

/** All four scores of a run; each carries the label of its energy, and null with a reason where a part is unknown. Pure. */
export const scoresOf = (run: ScoredRun): Score[] => scoreNames.map((name) => scoreOf(name, run));

/** Scores that may be compared: the same score, over energy of the same scope and quality. */
export const groupOf = ({ name, scope, quality }: Pick<Score, 'name' | 'scope' | 'quality'>): string =>
  [name, [...scope].sort().join(), quality].join('/');

/** The best first, in groups that are never mixed. What has no value is in no group. Pure. */
export function rankScores<T>(
  entries: readonly (readonly [T, Score])[],
): Map<string, [T, Score & { value: number }][]> {
  const groups = new Map<string, [T, Score & { value: number }][]>();
  for (const [entry, score] of entries) {
    const { value } = score;
    if (value === null) continue;
    const key = groupOf(score);
    groups.set(key, [...(groups.get(key) ?? []), [entry, { ...score, value }]]);
  }
  for (const group of groups.values()) group.sort(([, a], [, b]) => b.value - a.value);
  return groups;
}

import { type Curve, type Interpolation, integral, interpolate, type Knot, leastKnots } from './interpolation.ts';

/** One encode: what it cost, in bits a second or in joules, and its quality, in dB or in points. */
export interface CostPoint {
  /** Above 0; all points of both curves in the same unit. */
  cost: number;
  quality: number;
}

/**
 * On which scale quality is compared. `vmaf-log` is -10 log10(1 - VMAF / 100), in dB: a metric that saturates has its
 * points there as evenly as PSNR (Herglotz et al. 2023, "The Bjøntegaard Bible", arXiv 2304.12852).
 */
export type QualityScale = 'plain' | 'vmaf-log';

export interface BdOptions {
  /** Default `pchip`, as JVET and Netflix have it. */
  method?: Interpolation;
  /** Default `plain`. */
  scale?: QualityScale;
}

/** The mean difference of two curves, or why there is none: never 0 for what cannot be compared. */
export type Delta =
  | {
      value: number;
      /** What both curves cover of what either covers, 0 to 1. */
      overlap: number;
      /** How far the value moves at most when an inner point is left out, in its own unit; null where too few are left. */
      subsetError: number | null;
      warnings: readonly string[];
    }
  | { value: null; reason: string };

/** Bjøntegaard (VCEG-M33, 2001) fits four points, and below that Netflix refuses, too. */
const LEAST_POINTS = 4;
/** Under this share of common range a difference says little about either curve (FAU bjontegaard, 2023). */
const OVERLAP_LEAST = 0.75;

type Axis = (point: CostPoint) => number;
type Pair = readonly [anchor: readonly Knot[], test: readonly Knot[]];

const vmafDb = (vmaf: number) => -10 * Math.log10(1 - vmaf / 100);
const logCost: Axis = ({ cost }) => Math.log(cost);

/** Why a curve cannot be drawn; null when it can. */
function faultOf(points: readonly CostPoint[], scale: QualityScale): string | null {
  if (points.length < LEAST_POINTS) return `a curve has ${points.length} points, and needs ${LEAST_POINTS}`;
  for (const { cost, quality } of points) {
    if (!Number.isFinite(cost) || cost <= 0) return `a cost of ${cost} has no logarithm`;
    if (!Number.isFinite(quality)) return `a quality of ${quality} is no number`;
    if (scale === 'vmaf-log' && (quality < 0 || quality >= 100))
      return `a VMAF of ${quality} has no place on the log scale`;
  }
  return null;
}

const knotsOf = (points: readonly CostPoint[], x: Axis, y: Axis): Knot[] =>
  points.map((point) => ({ x: x(point), y: y(point) })).sort((a, b) => a.x - b.x);

const repeatedX = (knots: readonly Knot[]) => knots.some(({ x }, index) => x === knots[index + 1]?.x);
const rises = (knots: readonly Knot[]) => knots.every(({ y }, index) => y < (knots[index + 1]?.y ?? Infinity));

/** The range of x that both have, and its share of the range that either has. */
function overlapOf([anchor, test]: Pair) {
  const starts = [anchor, test].map((knots) => knots[0]?.x ?? 0);
  const ends = [anchor, test].map((knots) => knots.at(-1)?.x ?? 0);
  const [from, to] = [Math.max(...starts), Math.min(...ends)];
  return { from, to, share: Math.max(0, to - from) / (Math.max(...ends) - Math.min(...starts)) };
}

function meanDifference(pair: Pair, method: Interpolation): number {
  const { from, to } = overlapOf(pair);
  const mean = (curve: Curve) => integral(curve, from, to) / (to - from);
  const [anchor, test] = pair;
  return mean(interpolate(test, method)) - mean(interpolate(anchor, method));
}

const without = (knots: readonly Knot[], index: number) => knots.filter((_, at) => at !== index);

/** Every pair with an inner point less: the same one on both curves, or on one after the other where they have no partners. */
function subsetsOf([anchor, test]: Pair): Pair[] {
  const inner = (knots: readonly Knot[]) => knots.slice(1, -1).map((_, index) => index + 1);
  if (anchor.length === test.length)
    return inner(anchor).map((index) => [without(anchor, index), without(test, index)] as const);
  return [
    ...inner(anchor).map((index) => [without(anchor, index), test] as const),
    ...inner(test).map((index) => [anchor, without(test, index)] as const),
  ];
}

function subsetErrorOf(
  pair: Pair,
  method: Interpolation,
  value: number,
  unit: (mean: number) => number,
): number | null {
  const subsets = subsetsOf(pair).filter((subset) => subset.every((knots) => knots.length >= leastKnots[method]));
  const errors = subsets.map((subset) => Math.abs(unit(meanDifference(subset, method)) - value));
  return errors.length === 0 || !errors.every(Number.isFinite) ? null : Math.max(...errors);
}

function warningsFor(pair: Pair, overlap: number, value: number, subsetError: number | null): string[] {
  const warnings: string[] = [];
  if (overlap < OVERLAP_LEAST)
    warnings.push(`the curves share ${Math.floor(overlap * 100)} % of their range, less than ${OVERLAP_LEAST * 100} %`);
  if (!pair.every(rises)) warnings.push('on one of the curves more cost does not always bring more quality');
  if (subsetError !== null && Math.abs(value) < subsetError)
    warnings.push(`the difference is within its subset error of ${subsetError.toPrecision(2)}: noise`);
  return warnings;
}

function deltaOf(pair: Pair, method: Interpolation, axis: string, unit: (mean: number) => number): Delta {
  if (pair.some(repeatedX)) return { value: null, reason: `two points of a curve have the same ${axis}` };
  const { from, to, share: overlap } = overlapOf(pair);
  if (to <= from) return { value: null, reason: `the curves have no ${axis} in common` };
  const value = unit(meanDifference(pair, method));
  if (!Number.isFinite(value)) return { value: null, reason: 'the difference is beyond all measure' };
  const subsetError = subsetErrorOf(pair, method, value, unit);
  return { value, overlap, subsetError, warnings: warningsFor(pair, overlap, value, subsetError) };
}

/**
 * What `test` costs more than `anchor` at equal quality, in percent of the anchor: the mean difference of log cost over
 * the quality both reach. With bits a second it is BD-rate, with joules BD-energy. Points may come in any order. Pure.
 */
export function bdCost(anchor: readonly CostPoint[], test: readonly CostPoint[], options: BdOptions = {}): Delta {
  const { method = 'pchip', scale = 'plain' } = options;
  const reason = faultOf(anchor, scale) ?? faultOf(test, scale);
  if (reason !== null) return { value: null, reason };
  const quality: Axis = (point) => (scale === 'plain' ? point.quality : vmafDb(point.quality));
  const pair = [knotsOf(anchor, quality, logCost), knotsOf(test, quality, logCost)] as const;
  return deltaOf(pair, method, 'quality', (mean) => Math.expm1(mean) * 100);
}

/**
 * How much better `test` is than `anchor` at equal cost, in the unit of the quality: the mean difference over the log
 * cost both have. With PSNR it is BD-PSNR. Points may come in any order. Pure.
 */
export function bdQuality(
  anchor: readonly CostPoint[],
  test: readonly CostPoint[],
  { method = 'pchip' }: Pick<BdOptions, 'method'> = {},
): Delta {
  const reason = faultOf(anchor, 'plain') ?? faultOf(test, 'plain');
  if (reason !== null) return { value: null, reason };
  const quality: Axis = (point) => point.quality;
  const pair = [knotsOf(anchor, logCost, quality), knotsOf(test, logCost, quality)] as const;
  return deltaOf(pair, method, 'cost', (mean) => mean);
}

/** A point that a curve is drawn through. */
export interface Knot {
  x: number;
  y: number;
}

/** `pchip` keeps the shape of its knots, `akima` swings least between them, `cubic` is one polynomial through all of them. */
export type Interpolation = 'pchip' | 'akima' | 'cubic';

/** So many knots each method needs at least. */
export const leastKnots: Readonly<Record<Interpolation, number>> = { pchip: 2, akima: 2, cubic: 4 };

type Cubic = readonly [number, number, number, number];

/** y = c0 + c1 t + c2 t² + c3 t³ with t = x - from, for every x between `from` and `to`. */
export interface Piece {
  from: number;
  to: number;
  coefficients: Cubic;
}

/** Pieces that follow each other without a gap. */
export type Curve = readonly Piece[];

interface Segment {
  length: number;
  slope: number;
}

const neighbours = <T>(list: readonly T[]): (readonly [T, T])[] =>
  list.slice(1).map((next, index) => [list[index] as T, next] as const);

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

/** The slope at an end from the two segments beside it, held so that the curve does not turn back before it gets there. */
function pchipEnd(near: Segment, next: Segment): number {
  const slope = ((2 * near.length + next.length) * near.slope - near.length * next.slope) / (near.length + next.length);
  if (Math.sign(slope) !== Math.sign(near.slope)) return 0;
  const turns = Math.sign(near.slope) !== Math.sign(next.slope);
  return turns && Math.abs(slope) > 3 * Math.abs(near.slope) ? 3 * near.slope : slope;
}

/**
 * Slopes at the knots of the piecewise cubic Hermite interpolating polynomial (Fritsch and Butland 1984): the weighted
 * harmonic mean of the slopes on both sides, 0 at a peak. As SciPy and the JVET common test conditions have it.
 */
function pchipSlopes(segments: readonly Segment[]): number[] {
  const inner = neighbours(segments).map(([left, right]) => {
    if (left.slope * right.slope <= 0) return 0;
    const [ofLeft, ofRight] = [left.length + 2 * right.length, 2 * left.length + right.length];
    return (ofLeft + ofRight) / (ofLeft / left.slope + ofRight / right.slope);
  });
  // Of two knots there is one segment: it is its own neighbour, and the curve is a line.
  const [first, second = first] = segments;
  const [last, previous = last] = segments.toReversed();
  return first && second && last && previous ? [pchipEnd(first, second), ...inner, pchipEnd(last, previous)] : [];
}

/** Slopes at the knots after Akima (1970): of the two beside a knot the one counts more whose own neighbour is like it. */
function akimaSlopes(segments: readonly Segment[]): number[] {
  const slopes = segments.map(({ slope }) => slope);
  const beyond = ([near = 0, next = near]: readonly number[]) => [2 * near - next, 3 * near - 2 * next] as const;
  const [before, after] = [beyond(slopes), beyond(slopes.toReversed())];
  const all = [before[1], before[0], ...slopes, ...after];
  return Array.from({ length: segments.length + 1 }, (_, knot) => {
    const [farLeft = 0, left = 0, right = 0, farRight = 0] = all.slice(knot, knot + 4);
    const [ofLeft, ofRight] = [Math.abs(farRight - right), Math.abs(left - farLeft)];
    const weight = ofLeft + ofRight;
    return weight === 0 ? (left + right) / 2 : (ofLeft * left + ofRight * right) / weight;
  });
}

function piecesOf(knots: readonly Knot[], slopesOf: (segments: readonly Segment[]) => number[]): Curve {
  const segments = neighbours(knots).map(([a, b]) => ({ length: b.x - a.x, slope: (b.y - a.y) / (b.x - a.x) }));
  const slopes = slopesOf(segments);
  return neighbours(knots).map(([a, b], index) => {
    const { length, slope } = segments[index] ?? { length: 0, slope: 0 };
    const [start = 0, end = 0] = slopes.slice(index, index + 2);
    const square = (3 * slope - 2 * start - end) / length;
    const cube = (start + end - 2 * slope) / length ** 2;
    return { from: a.x, to: b.x, coefficients: [a.y, start, square, cube] };
  });
}

const at = ([c0, c1, c2, c3]: Cubic, t: number) => c0 + t * (c1 + t * (c2 + t * c3));

/**
 * The polynomial of third degree with the least squares, through all four knots when there are four. Built from
 * polynomials that are orthogonal over the knots (Forsythe 1957), because normal equations lose twice the digits.
 */
function fitCubic(knots: readonly Knot[]): Curve {
  const [from, to] = [knots[0]?.x ?? 0, knots.at(-1)?.x ?? 0];
  const ts = knots.map(({ x }) => x - from);
  let rest = knots.map(({ y }) => y);
  let fit: Cubic = [0, 0, 0, 0];
  let [last, own]: [Cubic, Cubic] = [
    [0, 0, 0, 0],
    [1, 0, 0, 0],
  ];
  let lastNorm = 0;
  for (let degree = 0; degree <= 3; degree += 1) {
    const values = ts.map((t) => at(own, t));
    const norm = sum(values.map((value) => value ** 2));
    const share = sum(values.map((value, index) => value * (rest[index] ?? 0))) / norm;
    rest = rest.map((value, index) => value - share * (values[index] ?? 0));
    fit = [fit[0] + share * own[0], fit[1] + share * own[1], fit[2] + share * own[2], fit[3] + share * own[3]];
    const shift = sum(values.map((value, index) => (ts[index] ?? 0) * value ** 2)) / norm;
    const back = lastNorm === 0 ? 0 : norm / lastNorm;
    const next: Cubic = [
      -shift * own[0] - back * last[0],
      own[0] - shift * own[1] - back * last[1],
      own[1] - shift * own[2] - back * last[2],
      own[2] - shift * own[3] - back * last[3],
    ];
    [last, own, lastNorm] = [own, next, norm];
  }
  return [{ from, to, coefficients: fit }];
}

/** Draws a curve through knots of rising x, no two of them alike, `leastKnots` of its method or more. Pure. */
export function interpolate(knots: readonly Knot[], method: Interpolation): Curve {
  if (method === 'cubic') return fitCubic(knots);
  return piecesOf(knots, method === 'pchip' ? pchipSlopes : akimaSlopes);
}

/** The exact area under a curve between two x, in units of x times y; beyond its ends there is none. Pure. */
export function integral(curve: Curve, fromX: number, toX: number): number {
  const parts = curve.map(({ from, to, coefficients: [c0, c1, c2, c3] }) => {
    const [low, high] = [Math.max(from, fromX) - from, Math.min(to, toX) - from];
    const area = (t: number) => t * (c0 + t * (c1 / 2 + t * (c2 / 3 + (t * c3) / 4)));
    return high > low ? area(high) - area(low) : 0;
  });
  return sum(parts);
}

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Curve, integral, interpolate, type Knot, leastKnots, type Piece } from './interpolation.ts';

const knots = (xs: readonly number[], ys: readonly number[]): Knot[] =>
  xs.map((x, index) => ({ x, y: ys[index] ?? Number.NaN }));

const valueIn = ({ from, coefficients: [c0, c1, c2, c3] }: Piece, x: number) =>
  [c0, c1, c2, c3].reduceRight((value, one) => value * (x - from) + one, 0);
const slopeIn = ({ from, coefficients: [, c1, c2, c3] }: Piece, x: number) =>
  [c1, 2 * c2, 3 * c3].reduceRight((value, one) => value * (x - from) + one, 0);
const valueAt = (curve: Curve, x: number) => {
  const piece = curve.find(({ from, to }) => from <= x && x <= to);
  assert.ok(piece, `${x} lies on no piece`);
  return valueIn(piece, x);
};
const near = (found: number, expected: number, tolerance: number) =>
  assert.ok(Math.abs(found - expected) <= tolerance, `${found}, not ${expected}`);

/** Rising x at least 0.1 apart, y of either sign. */
const anyKnots = (least: number, anyY: fc.Arbitrary<number> = fc.double({ min: -50, max: 50, noNaN: true })) =>
  fc
    .array(fc.tuple(fc.double({ min: 0.1, max: 10, noNaN: true }), anyY), { minLength: least, maxLength: 10 })
    .map((steps) => {
      let x = -20;
      return steps.map(([step, y]) => {
        x += step;
        return { x, y };
      });
    });

/** Uneven, flat, turning at an end, zigzag and of three knots; slopes by scipy.interpolate 1.17.1. */
const known: readonly { x: number[]; y: number[]; pchip: number[]; akima: number[] }[] = [
  { x: [0, 1, 3, 4, 7], y: [0, 2, 3, 3, 9], pchip: [2.5, 6 / 7, 0, 0, 3.5], akima: [2.75, 0.875, 2 / 7, 0.4, 3] },
  {
    ...{ x: [0, 2, 3, 4, 5, 7], y: [0, 1, 9, 9, 9, 0] },
    ...{ pchip: [0, 24 / 23, 0, 0, 0, -7.5], akima: [-3.25, 4.129032258064516, 0, 0, 0, -6.75] },
  },
  {
    ...{ x: [0, 1, 1.5, 5, 6], y: [0, 1, -3, 5, 4.9] },
    pchip: [3, 0, 0, 0, -0.3],
    akima: [5.5, -3.2, 0.13048933500627236, 0.34917055886616244, -1.2928571428571425],
  },
  { x: [0, 1, 3], y: [0, 1, 6], pchip: [0.5, 15 / 11, 3.5], akima: [0.25, 1.75, 3.25] },
];

test('Slopes at the knots are those that SciPy gives', () => {
  for (const { x, y, ...wanted } of known)
    for (const method of ['pchip', 'akima'] as const) {
      const curve = interpolate(knots(x, y), method);
      const slopes = [
        ...curve.map((one) => slopeIn(one, one.from)),
        ...curve.slice(-1).map((one) => slopeIn(one, one.to)),
      ];
      assert.equal(slopes.length, x.length);
      for (const [index, slope] of slopes.entries()) near(slope, wanted[method][index] ?? Number.NaN, 1e-12);
    }
});

test('Curves of pieces pass through their knots without a bend', () => {
  fc.assert(
    fc.property(anyKnots(leastKnots.pchip), fc.constantFrom('pchip', 'akima'), (points, method) => {
      const curve = interpolate(points, method);
      assert.equal(curve.length, points.length - 1);
      for (const [index, piece] of curve.entries()) {
        near(valueIn(piece, piece.from), points[index]?.y ?? Number.NaN, 1e-9);
        near(valueIn(piece, piece.to), points[index + 1]?.y ?? Number.NaN, 1e-9);
        const next = curve[index + 1];
        if (next) near(slopeIn(piece, piece.to), slopeIn(next, next.from), 1e-6);
      }
    }),
  );
});

test('Between two knots a shape-preserving curve stays between them', () => {
  fc.assert(
    fc.property(anyKnots(leastKnots.pchip), fc.double({ min: 0, max: 1, noNaN: true }), (points, share) => {
      for (const piece of interpolate(points, 'pchip')) {
        const ends = [valueIn(piece, piece.from), valueIn(piece, piece.to)];
        const value = valueIn(piece, piece.from + share * (piece.to - piece.from));
        assert.ok(value >= Math.min(...ends) - 1e-9 && value <= Math.max(...ends) + 1e-9, `${value} of ${ends}`);
      }
    }),
  );
});

test('A line stays a line, of two knots or of many, by every method', () => {
  const line = (xs: readonly number[]) => xs.map((x) => ({ x, y: 3 - 2 * x }));
  for (const method of ['pchip', 'akima', 'cubic'] as const) {
    const curve = interpolate(line([0, 1, 2.5, 3, 7].slice(0, Math.max(leastKnots[method], 2))), method);
    for (const x of [0, 0.3, 0.9]) near(valueAt(curve, x), 3 - 2 * x, 1e-12);
    near(integral(curve, 0, 1), 2, 1e-12);
  }
});

test('The cubic passes through four knots, and finds the polynomial again from many', () => {
  fc.assert(
    fc.property(anyKnots(4), (points) => {
      const four = points.slice(0, 4);
      for (const { x, y } of four) near(valueAt(interpolate(four, 'cubic'), x), y, 1e-6);
      const polynomial = (x: number) => 2 - x + 0.3 * x ** 2 - 0.01 * x ** 3;
      const curve = interpolate(
        points.map(({ x }) => ({ x, y: polynomial(x) })),
        'cubic',
      );
      for (const { x } of points) near(valueAt(curve, x), polynomial(x), 1e-6);
    }),
  );
});

test('Of more than four knots the cubic leaves the least squares: no other cubic is closer', () => {
  const change = fc.tuple(...[0, 1, 2, 3].map(() => fc.double({ min: -1, max: 1, noNaN: true })));
  fc.assert(
    fc.property(anyKnots(5), change, (points, changes) => {
      const [piece] = interpolate(points, 'cubic');
      assert.ok(piece);
      const [c0, c1, c2, c3] = piece.coefficients;
      const [d0 = 0, d1 = 0, d2 = 0, d3 = 0] = changes;
      const other: Piece = { ...piece, coefficients: [c0 + d0, c1 + d1, c2 + d2, c3 + d3] };
      const squares = (one: Piece) => points.reduce((sum, { x, y }) => sum + (valueIn(one, x) - y) ** 2, 0);
      const least = squares(piece);
      assert.ok(least <= squares(other) + 1e-6 * Math.max(1, least), `${least} > ${squares(other)}`);
    }),
  );
});

test('The area is exact: Simpson’s rule, itself exact for cubics, finds the same, and parts add up', () => {
  const between = fc.double({ min: 0, max: 1, noNaN: true });
  const method = fc.constantFrom('pchip', 'akima', 'cubic');
  fc.assert(
    fc.property(anyKnots(4), method, between, (points, by, share) => {
      const curve = interpolate(points, by);
      const simpson = curve.reduce((sum, piece) => {
        const { from, to } = piece;
        const middle = 4 * valueIn(piece, (from + to) / 2);
        return sum + ((to - from) / 6) * (valueIn(piece, from) + middle + valueIn(piece, to));
      }, 0);
      const [start, end] = [points[0]?.x ?? 0, points.at(-1)?.x ?? 0];
      const whole = integral(curve, start, end);
      near(whole, simpson, 1e-6 * Math.max(1, Math.abs(simpson)));
      const cut = start + share * (end - start);
      near(integral(curve, start, cut) + integral(curve, cut, end), whole, 1e-6 * Math.max(1, Math.abs(whole)));
      assert.equal(integral(curve, end, end + 1), 0, 'beyond its ends there is no curve');
    }),
  );
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { CostPoint } from './bd.ts';
import { paretoFront, upperHull } from './pareto.ts';

/** Joules and VMAF by name: the verification case of research/energy.md section 9. */
const encodes = Object.entries({
  a: [1, 80],
  b: [1.5, 86],
  c: [2, 85],
  d: [2.6, 91],
  e: [4, 92],
  f: [3, 93],
  g: [6, 95],
}).map(([name, [cost = 0, quality = 0]]) => ({ name, cost, quality }));
const namesOf = (points: readonly { name: string }[]) => points.map(({ name }) => name).join(' ');

test('Of seven encodes five are on the front, and four of these on its hull', () => {
  assert.equal(namesOf(paretoFront(encodes)), 'a b d f g');
  assert.equal(namesOf(upperHull(encodes)), 'a b f g');
});

test('None, one and two points are their own front and hull', () => {
  const two = encodes.slice(0, 2);
  for (const points of [[], two.slice(0, 1), two]) {
    assert.deepEqual(paretoFront(points), points);
    assert.deepEqual(upperHull(points), points);
  }
});

test('Of points that are alike the first stands for all, and what lies on the line between two is no corner', () => {
  const points = [1, 1, 2, 3].map((cost, index) => ({ name: `${index}`, cost, quality: 10 * cost }));
  assert.equal(namesOf(paretoFront(points)), '0 2 3');
  assert.equal(namesOf(upperHull(points)), '0 3');
});

/** Few distinct values, so that ties are common. */
const anyPoints = fc.array(
  fc.record({
    cost: fc.oneof(fc.integer({ min: 1, max: 9 }), fc.double({ min: 0.1, max: 1e6, noNaN: true })),
    quality: fc.integer({ min: 0, max: 12 }),
  }),
  { maxLength: 30 },
);
const beats = (a: CostPoint, b: CostPoint) =>
  a.cost <= b.cost && a.quality >= b.quality && (a.cost < b.cost || a.quality > b.quality);

test('Nobody beats a point of the front, and every other point is beaten by or like one of them', () => {
  fc.assert(
    fc.property(anyPoints, (points) => {
      const front = paretoFront(points);
      for (const point of front) assert.ok(!points.some((other) => beats(other, point)));
      for (const point of points) {
        const covered = front.some((one) => one.cost <= point.cost && one.quality >= point.quality);
        assert.ok(covered, JSON.stringify(point));
      }
      assert.deepEqual(paretoFront(front), front);
    }),
  );
});

test('The hull is a part of the front from its first to its last point, bends down at each, and covers the rest', () => {
  fc.assert(
    fc.property(anyPoints, (points) => {
      const [front, hull] = [paretoFront(points), upperHull(points)];
      assert.ok(hull.every((point) => front.includes(point)));
      assert.deepEqual([hull.at(0), hull.at(-1)], [front.at(0), front.at(-1)]);
      const gains = hull.slice(1).map((to, index) => {
        const from = hull[index] as CostPoint;
        return { from, to, gain: (to.quality - from.quality) / (to.cost - from.cost) };
      });
      for (const [index, { gain }] of gains.entries()) assert.ok(index === 0 || gain < (gains[index - 1]?.gain ?? 0));
      for (const { cost, quality } of front) {
        const edge = gains.find(({ from, to }) => from.cost <= cost && cost <= to.cost);
        if (edge) assert.ok(quality <= edge.from.quality + edge.gain * (cost - edge.from.cost) + 1e-9);
      }
    }),
  );
});

test('Neither depends on the order, nor on the units', () => {
  fc.assert(
    fc.property(anyPoints, (points) => {
      const bare = (list: readonly CostPoint[]) => list.map(({ cost, quality }) => [cost, quality]);
      assert.deepEqual(bare(paretoFront(points.toReversed())), bare(paretoFront(points)));
      assert.deepEqual(bare(upperHull(points.toReversed())), bare(upperHull(points)));
      // A power of two is exact, so that no rounding decides.
      const scaled = points.map(({ cost, quality }) => ({ cost: cost * 1024, quality: quality / 4 }));
      const back = upperHull(scaled).map(({ cost, quality }) => [cost / 1024, quality * 4]);
      assert.deepEqual(back, bare(upperHull(points)));
    }),
  );
});

import type { CostPoint } from './bd.ts';

/**
 * The points that no other one beats: none is both cheaper and better, or as cheap and better, or cheaper and as good.
 * Cheapest first; of points that are alike the first stands for all. Costs are compared as they are, so they must be of
 * one kind: energies of one scope and one label. Pure.
 */
export function paretoFront<T extends CostPoint>(points: readonly T[]): T[] {
  const front: T[] = [];
  for (const point of points.toSorted((a, b) => a.cost - b.cost || b.quality - a.quality))
    if (point.quality > (front.at(-1)?.quality ?? Number.NEGATIVE_INFINITY)) front.push(point);
  return front;
}

/** What a further unit of cost brings between two points. */
const gain = (from: CostPoint, to: CostPoint) => (to.quality - from.quality) / (to.cost - from.cost);

/**
 * The points of the front where each further unit of cost brings less than the one before: its upper convex hull. Cost
 * is linear here, because a film whose halves are encoded as two of its points lies on the straight line between them. Pure.
 */
export function upperHull<T extends CostPoint>(points: readonly T[]): T[] {
  const hull: T[] = [];
  for (const point of paretoFront(points)) {
    for (;;) {
      const [last, before] = [hull.at(-1), hull.at(-2)];
      if (!last || !before || gain(before, last) > gain(last, point)) break;
      hull.pop();
    }
    hull.push(point);
  }
  return hull;
}

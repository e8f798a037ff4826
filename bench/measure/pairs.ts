import { median, medianInterval } from './statistics.ts';

export interface Ratios {
  values: number[];
  median: number;
  low: number;
  high: number;
  confidence: number;
}

/** Two decimals are more than the interval ever carries. */
const rounded = (value: number) => Math.round(value * 1000) / 1000;

export function ratiosOf(values: readonly number[]): Ratios {
  const { low, high, confidence } = medianInterval(values);
  const [middle, from, to] = [median(values), low, high].map(rounded) as [number, number, number];
  return { values: values.map(rounded), median: middle, low: from, high: to, confidence: rounded(confidence) };
}

/**
 * Pairs in the order ABBA: what drifts on a shared machine meets both sides alike. Six pairs are the fewest whose
 * interval for the median reaches 95 %.
 */
export async function abba<A, B>(
  pairs: number,
  a: () => Promise<A>,
  b: () => Promise<B>,
  ratio: (a: A, b: B) => number,
): Promise<{ a: A[]; b: B[]; ratios: Ratios }> {
  const sides = { a: [] as A[], b: [] as B[] };
  const ratios: number[] = [];
  for (let pair = 0; pair < pairs; pair += 1) {
    const [first, second] = pair % 2 === 0 ? [await a(), await b()] : await inReverse(a, b);
    sides.a.push(first);
    sides.b.push(second);
    ratios.push(ratio(first, second));
  }
  return { ...sides, ratios: ratiosOf(ratios) };
}

async function inReverse<A, B>(a: () => Promise<A>, b: () => Promise<B>): Promise<[A, B]> {
  const second = await b();
  return [await a(), second];
}

export const ratioText = ({ median: middle, low, high }: Ratios) => `${middle} (${low} to ${high})`;

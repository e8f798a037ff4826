/** The value below which a share `q` of the sorted values lies, by the nearest rank. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? Number.NaN;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const upper = Math.floor(sorted.length / 2);
  return ((sorted[Math.ceil(sorted.length / 2) - 1] ?? Number.NaN) + (sorted[upper] ?? Number.NaN)) / 2;
}

export interface Interval {
  low: number;
  high: number;
  /** Chance that the median lies inside, whatever the distribution. */
  confidence: number;
}

/**
 * An interval for the median from the order of the values alone: nothing is assumed about their distribution, which on a
 * shared machine has a long tail. The narrowest with at least 95 %; five values reach 93.75 % at most, so take six.
 */
export function medianInterval(values: readonly number[]): Interval {
  const sorted = [...values].sort((a, b) => a - b);
  const n = sorted.length;
  let cut = 0;
  let best: Interval = { low: sorted[0] ?? Number.NaN, high: sorted[n - 1] ?? Number.NaN, confidence: 1 - 2 / 2 ** n };
  // P(at most `cut` of n values lie below the median), by the binomial of a fair coin.
  let tail = 1 / 2 ** n;
  let term = tail;
  while (cut + 1 < n / 2) {
    cut += 1;
    term *= (n - cut + 1) / cut;
    tail += term;
    if (1 - 2 * tail < 0.95) break;
    best = { low: sorted[cut] ?? Number.NaN, high: sorted[n - 1 - cut] ?? Number.NaN, confidence: 1 - 2 * tail };
  }
  return best;
}

/** Grams of CO2e a kilowatt hour, and how a receipt says it: kind, place, year and where it is from. */
export interface Intensity {
  gPerKwh: number;
  text: string;
}

/** What the grid was at a time, as somebody measured it. */
export interface Sample {
  at: number;
  gPerKwh: number;
  /** Zone, kind and where it is from. */
  label: string;
}

/** A sample stands for the grid until the next one, and no longer than this: the grid's own values are of an hour. */
export const FRESH_MS = 3_600_000;

/**
 * The mean intensity over a time from the samples in it, and the fallback where none is fresh; the text says how much of
 * it was which. `samples` in the order of their times. Pure.
 */
export function meanIntensity(
  samples: readonly Sample[],
  fallback: Intensity,
  { from, to }: { from: number; to: number },
): Intensity {
  const end = Math.max(to, from + 1);
  let [grams, fresh] = [0, 0];
  const used: Sample[] = [];
  for (const [index, sample] of samples.entries()) {
    const until = Math.min(samples[index + 1]?.at ?? Number.POSITIVE_INFINITY, sample.at + FRESH_MS, end);
    const length = until - Math.max(sample.at, from);
    if (length <= 0) continue;
    used.push(sample);
    grams += sample.gPerKwh * length;
    fresh += length;
  }
  const last = used.at(-1);
  if (!last) return { ...fallback, text: `no live value; ${fallback.text}` };
  const total = end - from;
  const gPerKwh = (grams + fallback.gPerKwh * (total - fresh)) / total;
  const live = `${round(grams / fresh)} g/kWh, ${used.length === 1 ? '' : `mean of ${used.length} values, `}${last.label}`;
  const stale = Math.round((100 * (total - fresh)) / total);
  return { gPerKwh, text: stale === 0 ? live : `${live}; for ${stale} % of the time no live value: ${fallback.text}` };
}

const round = (value: number) => Math.round(value * 100) / 100;

/** What has been gathered towards a measurement of the idle draw. */
export interface IdleWatch {
  /** Quiet time since the last work. */
  quietS: number;
  /** Of the second that is being filled. */
  uj: number;
  seconds: number;
  /** Powers of whole seconds, W. */
  powers: readonly number[];
}

export const noIdle: IdleWatch = { quietS: 0, uj: 0, seconds: 0, powers: [] };

/** What one interval says: its energy, and whether the machine did anything. */
export interface QuietInterval {
  seconds: number;
  /** null = a gap. */
  energyUj: number | null;
  /** Busy share of the machine; null = not known, which is not quiet. */
  busy: number | null;
  attempts: number;
}

/** research/energy.md 1.5: at least 30 s without a job, the CPU less than 3 % busy, the median of 1 s powers. */
const POWERS_MIN = 30;
const BUSY_MAX = 0.03;
/** Fans and caches come to rest first. */
const SETTLE_S = 10;
/** A power over less than about a second is mostly the counter's step. */
const SECOND = 0.9;
/** One long interval is one look, however long: a median needs many. */
const LONGEST_S = 5;

const median = (values: readonly number[]) => {
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length / 2;
  return ((sorted[Math.floor(half)] ?? 0) + (sorted[Math.ceil(half) - 1] ?? 0)) / 2;
};

/**
 * Takes one more interval in, and gives the idle draw whenever enough quiet seconds are together. Never a running
 * minimum, and never learnt from a machine that does something. Pure.
 */
export function watchIdle(watch: IdleWatch, interval: QuietInterval): { watch: IdleWatch; watts: number | null } {
  const { seconds, energyUj, busy, attempts } = interval;
  const quiet = attempts === 0 && energyUj !== null && busy !== null && busy < BUSY_MAX && seconds <= LONGEST_S;
  if (!quiet) return { watch: noIdle, watts: null };
  const quietS = watch.quietS + seconds;
  if (quietS <= SETTLE_S) return { watch: { ...noIdle, quietS }, watts: null };
  const [uj, filled] = [watch.uj + energyUj, watch.seconds + seconds];
  if (filled < SECOND) return { watch: { ...watch, quietS, uj, seconds: filled }, watts: null };
  const powers = [...watch.powers, uj / 1e6 / filled];
  if (powers.length < POWERS_MIN) return { watch: { quietS, uj: 0, seconds: 0, powers }, watts: null };
  return { watch: { ...noIdle, quietS }, watts: median(powers) };
}

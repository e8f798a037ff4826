/** Time comes from here alone, so that tests can own it. */
export interface Clock {
  /** Wall clock, milliseconds since 1970: what people read. */
  now: () => number;
  /** Milliseconds that never jump: what leases are measured with. */
  monotonicMs: () => number;
}

export const systemClock: Clock = { now: () => Date.now(), monotonicMs: () => performance.now() };

export const iso = (ms: number) => new Date(ms).toISOString();
export const isoOrNull = (ms: number | null) => (ms === null ? null : iso(ms));

import type { Timing } from '@ffrtmp/shared/node/timing';

/**
 * The agent's own view of one lease. It trusts a lease from the start of the last good renewal until the margin before
 * its expiry; after that it is *fenced*: nothing is published, while a file encode runs on in the hope of its master.
 */
export interface LeaseWatch {
  /** A renewal that began at `startedMs` was granted. */
  renewed: (startedMs: number) => void;
  fenced: () => boolean;
  /** For how long no renewal has been granted. */
  silentMs: () => number;
  /** Resolves when the lease is trusted (again). */
  trusted: (signal: AbortSignal) => Promise<void>;
}

export function watchLease(
  timing: Pick<Timing, 'lease_ms' | 'fence_margin_ms'>,
  now: () => number,
  startedMs: number,
): LeaseWatch {
  let lastGoodMs = startedMs;
  let waiting: (() => void)[] = [];
  const fenced = () => now() >= lastGoodMs + timing.lease_ms - timing.fence_margin_ms;
  return {
    renewed(at) {
      lastGoodMs = Math.max(lastGoodMs, at);
      if (fenced()) return;
      for (const resume of waiting) resume();
      waiting = [];
    },
    fenced,
    silentMs: () => now() - lastGoodMs,
    async trusted(signal) {
      signal.throwIfAborted();
      if (!fenced()) return;
      await new Promise<void>((resolve, reject) => {
        waiting.push(resolve);
        signal.addEventListener('abort', () => reject(signal.reason), { once: true });
      });
    },
  };
}

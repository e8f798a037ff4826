import type { Clock, Timers } from '@ffrtmp/runtime/clock';
import type { Logger } from 'pino';

/** Longest sleep of a timer; the safety pass looks anyway. */
const MAX_SLEEP_MS = 60_000;
/** Renewals move expiries all the time: a look at most this often keeps the alarm cheap. */
const MIN_SLEEP_MS = 5;

/** A sweep that fails (a full disk) is tried again after this, not in a circle. */
const FAILED_PAUSE_MS = 1000;

export interface Alarm {
  /** Something becomes due in `inMs`, or at a time that has to be looked up. Later than the next ring costs nothing. */
  poke: (inMs?: number) => void;
  stop: () => void;
}

/** Runs `ring` at the earliest due time; the first poke starts it. Pokes during a look are coalesced into one more. */
export function startAlarm(parts: {
  nextDueMs: () => Promise<number | undefined>;
  ring: () => Promise<unknown>;
  clock: Pick<Clock, 'monotonicMs'>;
  timers: Timers;
  log: Pick<Logger, 'error'>;
}): Alarm {
  const { clock, timers } = parts;
  let callOff = () => {};
  let looking = false;
  let again = false;
  let stopped = false;
  let ringsAtMs = Number.POSITIVE_INFINITY;

  async function look(): Promise<void> {
    looking = true;
    try {
      do {
        again = false;
        setTimer(await parts.nextDueMs());
      } while (again && !stopped);
    } finally {
      looking = false;
    }
  }

  function setTimer(dueMs: number | undefined): void {
    callOff();
    ringsAtMs = Number.POSITIVE_INFINITY;
    if (stopped || dueMs === undefined) return;
    const sleepMs = Math.min(MAX_SLEEP_MS, Math.max(MIN_SLEEP_MS, dueMs));
    ringsAtMs = clock.monotonicMs() + sleepMs;
    callOff = timers.after(sleepMs, () => void onRing());
  }

  async function onRing(): Promise<void> {
    ringsAtMs = Number.POSITIVE_INFINITY;
    try {
      await parts.ring();
      poke();
    } catch (error) {
      parts.log.error({ err: error }, 'the sweep failed');
      setTimer(FAILED_PAUSE_MS);
    }
  }

  function poke(inMs?: number): void {
    if (stopped || (inMs !== undefined && ringsAtMs <= clock.monotonicMs() + inMs)) return;
    again = true;
    if (!looking) look().catch((error: unknown) => parts.log.error({ err: error }, 'the alarm failed'));
  }

  return {
    poke,
    stop() {
      stopped = true;
      callOff();
    },
  };
}

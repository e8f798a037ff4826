/** Time comes from here alone, so that tests and the simulation can own it. */
export interface Clock {
  /** Wall clock, milliseconds since 1970: what people read. */
  now: () => number;
  /** Milliseconds that never jump: what leases are measured with. */
  monotonicMs: () => number;
}

/** What happens later comes from here alone, for the same reason. */
export interface Timers {
  /** Calls `run` once after `ms`; the function it returns calls that off. */
  after: (ms: number, run: () => void) => () => void;
  /** Calls `run` in the next turn of the event loop. */
  nextTurn: (run: () => void) => void;
}

export const systemClock: Clock = { now: () => Date.now(), monotonicMs: () => performance.now() };

export const systemTimers: Timers = {
  after(ms, run) {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
  nextTurn: (run) => void setImmediate(run),
};

/** Waits `ms`; an abort ends it early with the reason its caller gave. */
export function delay(timers: Timers, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const callOff = timers.after(ms, () => {
      signal?.removeEventListener('abort', abort);
      resolve();
    });
    const abort = () => {
      callOff();
      reject(signal?.reason);
    };
    signal?.addEventListener('abort', abort, { once: true });
  });
}

/** Calls `run` every `ms` until the function it returns is called. */
export function every(timers: Timers, ms: number, run: () => void): () => void {
  let callOff = timers.after(ms, again);
  function again(): void {
    callOff = timers.after(ms, again);
    run();
  }
  return () => callOff();
}

/** Makes a call that is given up after `ms`: its signal then aborts with a TimeoutError. */
export async function within<T>(timers: Timers, ms: number, call: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const late = () => controller.abort(new DOMException(`no answer within ${ms} ms`, 'TimeoutError'));
  const callOff = timers.after(ms, late);
  try {
    return await call(controller.signal);
  } finally {
    callOff();
  }
}

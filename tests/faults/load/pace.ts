/**
 * The pace of made-up load: how long a client thinks, how long a fake encode takes. It is no wait for something to
 * become true; those are `until` and events.
 */
export function pace(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((next) => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      next();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end, { once: true });
    if (signal.aborted) end();
  });
}

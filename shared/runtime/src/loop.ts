import { delay, type Timers } from './clock.ts';
import type { Logger } from './log.ts';

export interface Loop {
  /** Ends the loop and waits for a run in progress. */
  stop(): Promise<void>;
}

export interface LoopSettings {
  name: string;
  /** Pause after a run, before jitter. */
  intervalMs: number;
  /** Share of the interval by which the pause varies, so that a fleet never acts in step. */
  jitter?: number;
  /** The first run comes without the pause before it. */
  atOnce?: boolean;
  timers: Timers;
  random: () => number;
  log: Pick<Logger, 'error'>;
  runOnce: (signal: AbortSignal) => Promise<unknown>;
}

/** Runs a chore again and again: awaits each run, logs a failure and goes on, jitters the pause, stops when told. */
export function startLoop(settings: LoopSettings): Loop {
  const controller = new AbortController();
  const { signal } = controller;
  async function run(): Promise<void> {
    for (let first = settings.atOnce ?? false; !signal.aborted; first = false) {
      const spread = (settings.jitter ?? 0) * (settings.random() * 2 - 1);
      if (!first) await delay(settings.timers, settings.intervalMs * (1 + spread), signal).catch(() => undefined);
      if (signal.aborted) return;
      await settings
        .runOnce(signal)
        .catch((error: unknown) => settings.log.error({ err: error }, `${settings.name} failed`));
    }
  }
  const running = run();
  return {
    async stop() {
      controller.abort();
      await running;
    },
  };
}

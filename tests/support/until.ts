import { existsSync, readdirSync } from 'node:fs';
import { isAlive } from './leaks.ts';

/** Short beside every figure that is measured with it. */
const LOOK_MS = 5;
const DEFAULT_LIMIT_MS = 60_000;

/**
 * Resolves with the first thing that `look` finds. For what sends no event to anybody but its parent: the end of
 * another program's child, a folder that empties. Everything else is waited for by its own event.
 */
export function until<T>(what: string, look: () => T | undefined | false, limitMs = DEFAULT_LIMIT_MS): Promise<T> {
  const endMs = performance.now() + limitMs;
  return new Promise((resolve, reject) => {
    const settle = (how: () => void) => {
      clearInterval(timer);
      how();
    };
    const timer = setInterval(() => {
      try {
        const found = look();
        if (found !== undefined && found !== false) settle(() => resolve(found));
        else if (performance.now() > endMs) settle(() => reject(new Error(`${limitMs} ms went by without: ${what}`)));
      } catch (error) {
        settle(() => reject(error));
      }
    }, LOOK_MS);
  });
}

export const untilGone = (pid: number, limitMs?: number) =>
  until(`the end of process ${pid}`, () => !isAlive(pid), limitMs);

/** The folder of an attempt goes right after its result has been acknowledged. */
export const untilTidy = (dataDir: string) =>
  until(`no folder of a job in ${dataDir}`, () => jobDirs(dataDir).length === 0);

/** What an agent keeps of running attempts: a folder each. */
export const jobDirs = (dataDir: string): string[] => {
  const folder = `${dataDir}/jobs`;
  return existsSync(folder) ? readdirSync(folder) : [];
};

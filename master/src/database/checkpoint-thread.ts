import { DatabaseSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';

/** Often enough that a busy master writes at most a few thousand pages in between. */
const INTERVAL_MS = 100;

const { path } = workerData as { path: string };
const database = new DatabaseSync(path);
database.exec('PRAGMA busy_timeout = 1000');
const checkpoint = database.prepare('PRAGMA wal_checkpoint(PASSIVE)');

/** A full disk or a busy file is met again by the next commit, which can tell somebody; here it only means later. */
function logPages(): number {
  try {
    return (checkpoint.get() as { log: number } | undefined)?.log ?? 0;
  } catch {
    return 0;
  }
}

const timer = setInterval(() => parentPort?.postMessage({ logPages: logPages() }), INTERVAL_MS);

parentPort?.on('message', () => {
  clearInterval(timer);
  database.close();
  parentPort?.close();
});

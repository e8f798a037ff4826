import { DatabaseSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';

/** Often enough that a busy master writes at most a few thousand pages in between. */
const INTERVAL_MS = 100;

const { path } = workerData as { path: string };
const database = new DatabaseSync(path);
database.exec('PRAGMA busy_timeout = 1000');
const checkpoint = database.prepare('PRAGMA wal_checkpoint(PASSIVE)');

const timer = setInterval(() => {
  const row = checkpoint.get() as { log: number } | undefined;
  parentPort?.postMessage({ logPages: row?.log ?? 0 });
}, INTERVAL_MS);

parentPort?.on('message', () => {
  clearInterval(timer);
  database.close();
  parentPort?.close();
});

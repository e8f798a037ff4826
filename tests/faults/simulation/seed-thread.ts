import { parentPort } from 'node:worker_threads';
import { simulate } from './simulate.ts';

/** Plays the seeds it is sent, one after another. */
parentPort?.on('message', async (seed: number) => {
  const outcome = await simulate({ seed });
  parentPort?.postMessage(outcome);
});

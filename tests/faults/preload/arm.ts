import { writeSync } from 'node:fs';
import { Worker } from 'node:worker_threads';

/**
 * The core of the kill points. A test gives these files to a program of the product with NODE_OPTIONS=--import; the
 * product itself has no switch. FAULT_POINT names the point, FAULT_ARRIVAL which arrival at it is the last.
 */
const point = process.env.FAULT_POINT ?? '';
const wanted = Number(process.env.FAULT_ARRIVAL ?? 1);
let arrivals = 0;

export const armed = (prefix: string) => point.startsWith(prefix);

/** Ends the process as kill -9 does, after saying where: the parent counts by that line. */
export function die(where: string): never {
  writeSync(2, `\nfault: ${where}\n`);
  process.kill(process.pid, 'SIGKILL');
  // The kernel ends this thread on its way back from the call above, at the latest here.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  throw new Error('unreachable');
}

/** Says that the program stands at a point; it does not come back from the wanted arrival. */
export function arrive(name: string): void {
  if (reached(name)) die(name);
}

/** The same for a point whose death is more than a kill. */
export function reached(name: string): boolean {
  if (name !== point) return false;
  arrivals += 1;
  return arrivals === wanted;
}

const killer = `
const { workerData } = require('node:worker_threads');
const { writeSync } = require('node:fs');
const state = new Int32Array(workerData);
Atomics.wait(state, 0, 0);
const endMs = performance.now() + Atomics.load(state, 1) / 1000;
while (performance.now() < endMs);
const inside = Atomics.load(state, 0) === 1;
writeSync(2, '\\nfault: ' + (inside ? 'in' : 'just-after') + process.env.FAULT_POINT.slice(2) + '\\n');
process.kill(process.pid, 'SIGKILL');
`;

/**
 * Kills from another thread while this one is inside a call it cannot be interrupted in. `around` runs the call; the
 * kill comes at a random moment of as much time as the last such call took.
 */
export function createKiller(prefix: string): { around: <T>(name: string, call: () => T) => T } {
  const shared = new SharedArrayBuffer(8);
  const state = new Int32Array(shared);
  const options = { eval: true, workerData: shared, execArgv: [], env: { FAULT_POINT: point } };
  const thread = armed(prefix) ? new Worker(killer, options) : undefined;
  thread?.unref();
  let lastUs = 500;
  return {
    around(name, call) {
      const now = thread !== undefined && reached(name);
      if (now) {
        Atomics.store(state, 1, Math.floor(Math.random() * lastUs));
        Atomics.store(state, 0, 1);
        Atomics.notify(state, 0);
      }
      const startMs = performance.now();
      const result = call();
      lastUs = Math.max(100, (performance.now() - startMs) * 1000);
      // The killer has begun and nothing may be told to anybody any more.
      if (now) Atomics.store(state, 0, 2);
      if (now) Atomics.wait(state, 0, 2);
      return result;
    },
  };
}

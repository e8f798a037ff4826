import { workerData } from 'node:worker_threads';

/** Thousandths of the time to compute, set by the other side. */
const share = workerData as Int32Array;
const PERIOD_MS = 100;
/** Between two looks at the clock: some tenths of a millisecond of work. */
const ROUNDS = 20_000;

/** Integer and floating-point work that stays in the caches, as most of an encoder's does. */
function compute(seed: number): number {
  let value = seed;
  let sum = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    value = Math.imul(value, 1_664_525) + 1_013_904_223;
    sum += Math.sqrt(value & 0xffff) * 1.000_1;
  }
  return value ^ sum;
}

let seed = 1;
for (;;) {
  const wanted = Atomics.load(share, 0);
  const endMs = performance.now() + (PERIOD_MS * wanted) / 1000;
  while (performance.now() < endMs) seed = compute(seed);
  // Another share wakes it early; so does a share of everything, which leaves nothing to wait for.
  const restMs = PERIOD_MS - (PERIOD_MS * wanted) / 1000;
  if (restMs > 0) Atomics.wait(share, 0, wanted, restMs);
}

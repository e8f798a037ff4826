import { Worker } from 'node:worker_threads';

/** A load of our own, that needs no film: every thread computes for a share of each tenth of a second. */
export interface Load {
  /** 0 = rest, 1 = everything. Takes effect within a tenth of a second. */
  set: (share: number) => void;
  stop: () => Promise<void>;
}

const extension = import.meta.filename.endsWith('.ts') ? 'ts' : 'js';

/** Starts the threads at rest; `threads` is how many the machine has. */
export function startLoad(threads: number): Load {
  const share = new Int32Array(new SharedArrayBuffer(4));
  const file = new URL(`./spin-thread.${extension}`, import.meta.url);
  const workers = Array.from({ length: threads }, () => new Worker(file, { workerData: share, execArgv: [] }));
  return {
    set(wanted) {
      Atomics.store(share, 0, Math.round(wanted * 1000));
      Atomics.notify(share, 0);
    },
    async stop() {
      await Promise.all(workers.map((worker) => worker.terminate()));
    },
  };
}

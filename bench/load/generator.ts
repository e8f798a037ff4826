/**
 * The load generator: a process of its own, so that what it needs is not taken from the master's thread. It does one
 * workload at a time, as its parent says, and ends with its parent.
 */
import { type Park, park, perform, type Workload } from './workloads.ts';

const tell = (message: object) => process.send?.(message);

process.on('message', (workload: Workload | Park) => {
  const work =
    workload.kind === 'park'
      ? park(workload, () => tell({ parked: true })).then(() => ({ ended: true }))
      : perform(workload).then((measured) => ({ measured }));
  work.then(tell, (error: unknown) => tell({ error: error instanceof Error ? error.stack : String(error) }));
});
process.on('disconnect', () => process.exit(0));

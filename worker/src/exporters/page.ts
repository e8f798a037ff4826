import { type Exporter, servePage, settingsOf } from '@ffrtmp/runtime/exporters';
import { workerMetrics } from '@ffrtmp/shared/metrics';
import { Counter, Gauge, Registry } from 'prom-client';

export interface WorkerPage {
  registry: Registry;
  countHeartbeat: () => void;
  /** Asks the exporters; called before each scrape. */
  collect: () => Promise<void>;
}

/** The page of a worker: its own two metrics from the seeds, and what its exporters say. `active` is asked at each scrape. */
export function createWorkerPage(active: () => number, exporters: readonly Exporter[]): WorkerPage {
  const registry = new Registry();
  new Gauge({
    ...settingsOf(workerMetrics.jobsActive, registry),
    collect() {
      this.set(active());
    },
  });
  const heartbeats = new Counter(settingsOf(workerMetrics.heartbeats, registry));
  return { registry, countHeartbeat: () => heartbeats.inc(), collect: servePage(registry, exporters) };
}

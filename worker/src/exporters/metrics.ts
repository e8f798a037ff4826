import { workerMetrics } from '@ffrtmp/shared/metrics';
import { Counter, Gauge, Registry } from 'prom-client';

export interface WorkerMetrics {
  registry: Registry;
  countHeartbeat: () => void;
}

/** The worker's own metrics; `active` is asked at each scrape. */
export function createWorkerMetrics(active: () => number): WorkerMetrics {
  const registry = new Registry();
  new Gauge({
    ...workerMetrics.jobsActive,
    registers: [registry],
    collect() {
      this.set(active());
    },
  });
  const heartbeats = new Counter({ ...workerMetrics.heartbeats, registers: [registry] });
  return { registry, countHeartbeat: () => heartbeats.inc() };
}

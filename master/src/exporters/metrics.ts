import { jobStates } from '@ffrtmp/shared/job/state';
import { type MetricFacts, masterMetrics } from '@ffrtmp/shared/metrics';
import { nodeStatuses } from '@ffrtmp/shared/node/node';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Run } from '../database/statement.ts';
import type { EventLog } from '../events/log.ts';
import { jobCounts } from '../jobs/store.ts';
import type { Registry as NodeRegistry } from '../nodes/registry.ts';

export interface MasterMetrics {
  registry: Registry;
  countClaim: (result: 'success' | 'no_jobs' | 'error') => void;
  /** Sets the gauges from the present state; called before each scrape. */
  collect: () => Promise<void>;
}

const settings = (facts: MetricFacts, registry: Registry) => ({
  name: facts.name,
  help: facts.help,
  labelNames: [...(facts.labels ?? [])],
  registers: [registry],
});

/** These counters live in the database: they are set from it, because a restart must not begin at zero again. */
function setCounter(counter: Counter, value: number): void {
  counter.reset();
  counter.inc(value);
}

export function createMetrics(parts: { read: Run; nodes: NodeRegistry; events: EventLog }): MasterMetrics {
  const registry = new Registry();
  const gauge = (facts: MetricFacts) => new Gauge(settings(facts, registry));
  const pending = gauge(masterMetrics.jobsPending);
  const running = gauge(masterMetrics.jobsRunning);
  const completed = new Counter(settings(masterMetrics.jobsCompleted, registry));
  const failed = new Counter(settings(masterMetrics.jobsFailed, registry));
  const nodesTotal = gauge(masterMetrics.nodesTotal);
  const available = gauge(masterMetrics.nodesAvailable);
  const busy = gauge(masterMetrics.nodesBusy);
  const duration = new Histogram({
    ...settings(masterMetrics.jobDuration, registry),
    buckets: [...masterMetrics.jobDuration.buckets],
  });
  const dead = gauge(masterMetrics.nodesDead);
  const byStatus = gauge(masterMetrics.jobsByStatus);
  const nodesByStatus = gauge(masterMetrics.nodesByStatus);
  const claims = new Counter(settings(masterMetrics.scheduleAttempts, registry));
  for (const result of ['success', 'no_jobs', 'error']) claims.inc({ result }, 0);

  parts.events.subscribe((event, submittedAt) => {
    if (event.kind !== 'job' || submittedAt === undefined) return;
    if (event.to === 'completed' || event.to === 'failed')
      duration.observe((Date.parse(event.at) - submittedAt) / 1000);
  });

  async function collect(): Promise<void> {
    const counts = new Map((await parts.read(jobCounts)).map((row) => [row.state, row.count]));
    for (const state of jobStates) byStatus.set({ status: state }, counts.get(state) ?? 0);
    pending.set(counts.get('pending') ?? 0);
    running.set(counts.get('running') ?? 0);
    setCounter(completed, counts.get('completed') ?? 0);
    setCounter(failed, counts.get('failed') ?? 0);
    const statuses = parts.nodes.all().map(parts.nodes.status);
    const count = (status: string) => statuses.filter((one) => one === status).length;
    for (const status of nodeStatuses) nodesByStatus.set({ status }, count(status));
    nodesTotal.set(statuses.length);
    available.set(count('available'));
    busy.set(count('busy'));
    dead.set(count('offline'));
  }
  return { registry, countClaim: (result) => claims.inc({ result }), collect };
}

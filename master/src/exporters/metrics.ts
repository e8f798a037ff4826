import type { Clock } from '@ffrtmp/runtime/clock';
import { servePage, settingsOf } from '@ffrtmp/runtime/exporters';
import type { JobState } from '@ffrtmp/shared/job/state';
import { masterMetrics } from '@ffrtmp/shared/metrics';
import { Counter, Histogram, Registry } from 'prom-client';
import type { Database } from '../database/open.ts';
import type { DispatchParts } from '../dispatch/parts.ts';
import type { EventLog } from '../events/log.ts';
import type { Registry as NodeRegistry } from '../nodes/registry.ts';
import { fleetExporter } from './fleet.ts';
import { countJobs } from './jobs.ts';
import { countQoe, readCompared } from './qoe.ts';
import { countResults, type ResultCounters } from './results.ts';
import { storeExporter } from './store.ts';

export interface MasterMetrics extends Omit<ResultCounters, 'exporter'> {
  registry: Registry;
  countClaim: (result: 'success' | 'no_jobs' | 'error') => void;
  /** Retention has deleted jobs that were in these states. */
  pruned: (states: readonly JobState[]) => void;
  /** Asks the exporters; called before each scrape. */
  collect: () => Promise<void>;
}

export interface MetricsParts {
  db: Pick<Database, 'read' | 'commits' | 'shared'>;
  dataDir: string;
  clock: Pick<Clock, 'now'>;
  nodes: NodeRegistry;
  events: EventLog;
  /** It is wired after the metrics it counts with. */
  dispatch: () => Pick<DispatchParts, 'jobs' | 'leases' | 'waiters'>;
}

/** Everything that /metrics of the master shows: counters told by the parts, and exporters asked at each scrape. */
export async function createMetrics(parts: MetricsParts): Promise<MasterMetrics> {
  const { db, dataDir, events, nodes, dispatch, clock } = parts;
  const registry = new Registry();
  const claims = new Counter(settingsOf(masterMetrics.scheduleAttempts, registry));
  for (const result of ['success', 'no_jobs', 'error']) claims.inc({ result }, 0);
  const { buckets = [] } = masterMetrics.jobDuration;
  const duration = new Histogram({ ...settingsOf(masterMetrics.jobDuration, registry), buckets: [...buckets] });
  const told = new Counter(settingsOf(masterMetrics.events, registry));
  const jobs = await countJobs(db.read, events);
  const { exporter, ...results } = countResults(registry, { lanes: () => dispatch().jobs.lanes, now: clock.now });
  const qoe = countQoe(registry, (seq) => readCompared(dispatch().jobs, seq));

  events.subscribe((event, submittedAt) => {
    told.inc({ kind: event.kind });
    if (event.kind !== 'job' || submittedAt === undefined) return;
    if (event.to === 'completed' || event.to === 'failed')
      duration.observe((Date.parse(event.at) - submittedAt) / 1000);
  });

  const exporters = [
    fleetExporter({ now: clock.now, jobs, nodes, dispatch }),
    exporter,
    storeExporter({ read: db.read, commits: db.commits, dataDir, kind: db.shared ? 'postgres' : 'sqlite' }),
  ];
  return {
    ...results,
    registry,
    countClaim: (result) => claims.inc({ result }),
    pruned: jobs.pruned,
    stored(attempt, kept, result) {
      results.stored(attempt, kept, result);
      if (kept && result.figures.some(({ name }) => name === 'psnr' || name === 'ssim' || name === 'vmaf'))
        qoe.ended(attempt.job_seq);
    },
    collect: servePage(registry, exporters),
  };
}

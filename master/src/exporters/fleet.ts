import { type Exporter, type Sample, sample } from '@ffrtmp/runtime/exporters';
import { type Priority, priorities, type Queue, queues } from '@ffrtmp/shared/job/job';
import { jobStates } from '@ffrtmp/shared/job/state';
import { masterMetrics } from '@ffrtmp/shared/metrics';
import { nodeStatuses } from '@ffrtmp/shared/node/node';
import type { DispatchParts } from '../dispatch/parts.ts';
import type { Registry } from '../nodes/registry.ts';
import type { JobCounts } from './jobs.ts';

export interface FleetParts {
  now: () => number;
  jobs: JobCounts;
  nodes: Pick<Registry, 'all' | 'status'>;
  dispatch: () => Pick<DispatchParts, 'jobs' | 'leases' | 'waiters'>;
}

function jobSamples({ jobs }: FleetParts): Sample[] {
  return [
    ...sample(masterMetrics.jobsPending, jobs.in('pending')),
    ...sample(masterMetrics.jobsRunning, jobs.in('running')),
    ...sample(masterMetrics.jobsCompleted, jobs.ever('completed')),
    ...sample(masterMetrics.jobsFailed, jobs.ever('failed')),
    ...jobStates.flatMap((status) => sample(masterMetrics.jobsByStatus, jobs.in(status), { status })),
  ];
}

function nodeSamples({ nodes }: FleetParts): Sample[] {
  const statuses = nodes.all().map(nodes.status);
  const count = (status: string) => statuses.filter((one) => one === status).length;
  return [
    ...sample(masterMetrics.nodesTotal, statuses.length),
    ...sample(masterMetrics.nodesAvailable, count('available')),
    ...sample(masterMetrics.nodesBusy, count('busy')),
    ...sample(masterMetrics.nodesDead, count('offline')),
    ...nodeStatuses.flatMap((status) => sample(masterMetrics.nodesByStatus, count(status), { status })),
  ];
}

interface Place {
  queue: Queue;
  priority: Priority;
  ready: number;
  running: number;
  since: number;
}

/** Every queue and priority has its row, the empty ones too: an alert on a queue must not go silent with it. */
function queueSamples({ now, dispatch }: FleetParts): Sample[] {
  const { leases, jobs } = dispatch();
  const places = new Map<string, Place>();
  for (const queue of queues) {
    for (const priority of priorities) {
      const place = { queue, priority, ready: 0, running: 0, since: Number.POSITIVE_INFINITY };
      places.set(`${queue}/${priority}`, place);
    }
  }
  for (const { class: facts, ready, headSince } of jobs.lanes.all()) {
    const place = places.get(`${facts.queue}/${facts.priority}`);
    if (!place || ready === 0) continue;
    place.ready += ready;
    place.since = Math.min(place.since, headSince);
  }
  for (const { classId } of leases.all()) {
    const facts = jobs.lanes.of(classId);
    const place = facts && places.get(`${facts.queue}/${facts.priority}`);
    if (place) place.running += 1;
  }
  return [...places.values()].flatMap(({ queue, priority, ready, running, since }) => [
    ...sample(masterMetrics.queueReady, ready, { queue, priority }),
    ...sample(masterMetrics.queueRunning, running, { queue, priority }),
    ...sample(masterMetrics.queueOldestWait, ready === 0 ? 0 : Math.max(0, now() - since) / 1000, { queue, priority }),
  ]);
}

/** Jobs, nodes and queues, all from memory: a scrape asks the store nothing for them. */
export const fleetExporter = (parts: FleetParts): Exporter => ({
  name: 'fleet',
  metrics: [
    ...[masterMetrics.jobsPending, masterMetrics.jobsRunning, masterMetrics.jobsCompleted, masterMetrics.jobsFailed],
    ...[masterMetrics.jobsByStatus, masterMetrics.nodesTotal, masterMetrics.nodesAvailable, masterMetrics.nodesBusy],
    ...[masterMetrics.nodesDead, masterMetrics.nodesByStatus, masterMetrics.queueReady, masterMetrics.queueRunning],
    ...[masterMetrics.queueOldestWait, masterMetrics.parkedClaims],
  ],
  collect: () => ({
    samples: [
      ...[...jobSamples(parts), ...nodeSamples(parts), ...queueSamples(parts)],
      ...sample(masterMetrics.parkedClaims, parts.dispatch().waiters.count()),
    ],
    reason: 'ok',
  }),
});

/** Name, type, unit, help and labels of every metric: code, tests and the reference page read this table. */
export interface MetricFacts {
  name: string;
  type: 'gauge' | 'counter' | 'histogram';
  help: string;
  labels?: readonly string[];
  buckets?: readonly number[];
}

/** The eight names of the seeds, types as given there, served from the first day, and the master's own. */
export const masterMetrics = {
  jobsPending: { name: 'ffrtmp_jobs_pending', type: 'gauge', help: 'Jobs that wait' },
  jobsRunning: { name: 'ffrtmp_jobs_running', type: 'gauge', help: 'Jobs with a running attempt' },
  jobsCompleted: { name: 'ffrtmp_jobs_completed', type: 'counter', help: 'Jobs completed since the database was made' },
  jobsFailed: { name: 'ffrtmp_jobs_failed', type: 'counter', help: 'Jobs failed since the database was made' },
  nodesTotal: { name: 'ffrtmp_nodes_total', type: 'gauge', help: 'Registered nodes' },
  nodesAvailable: { name: 'ffrtmp_nodes_available', type: 'gauge', help: 'Nodes with a free slot' },
  nodesBusy: { name: 'ffrtmp_nodes_busy', type: 'gauge', help: 'Nodes without a free slot' },
  jobDuration: {
    name: 'ffrtmp_job_duration_seconds',
    type: 'histogram',
    help: 'From submit to end of completed and failed jobs',
    buckets: [1, 5, 15, 30, 60, 300, 900, 3600, 4 * 3600, 24 * 3600],
  },
  nodesDead: { name: 'ffrtmp_nodes_dead', type: 'gauge', help: 'Nodes not heard of for two minutes' },
  jobsByStatus: { name: 'ffrtmp_master_jobs_total', type: 'gauge', help: 'Jobs by status', labels: ['status'] },
  nodesByStatus: { name: 'ffrtmp_master_nodes_total', type: 'gauge', help: 'Nodes by status', labels: ['status'] },
  scheduleAttempts: {
    name: 'ffrtmp_master_schedule_attempts_total',
    type: 'counter',
    help: 'Claims: success handed out work, no_jobs ended empty, error failed',
    labels: ['result'],
  },
} as const satisfies Record<string, MetricFacts>;

export const workerMetrics = {
  jobsActive: { name: 'ffrtmp_worker_jobs_active', type: 'gauge', help: 'Attempts this worker runs' },
  heartbeats: { name: 'ffrtmp_worker_heartbeats_total', type: 'counter', help: 'Heartbeats the master answered' },
} as const satisfies Record<string, MetricFacts>;

/** Name, type, help and labels of every metric: code, tests and the reference page read this table. */
export interface MetricFacts<Label extends string = string> {
  name: string;
  type: 'gauge' | 'counter' | 'histogram';
  help: string;
  labels: readonly Label[];
  /** Of a histogram, upper bounds. */
  buckets?: readonly number[];
}

const gauge = <const L extends string = never>(name: string, help: string, ...labels: L[]): MetricFacts<L> => ({
  ...{ name, help, labels },
  type: 'gauge',
});
const counter = <const L extends string = never>(name: string, help: string, ...labels: L[]): MetricFacts<L> => ({
  ...{ name, help, labels },
  type: 'counter',
});
const histogram = <const L extends string = never>(
  name: string,
  help: string,
  buckets: readonly number[],
  ...labels: L[]
): MetricFacts<L> => ({ name, help, labels, buckets, type: 'histogram' });

/** Why an exporter shows what it shows. A cause that is not in this list is `failed`: the label stays bounded. */
export const exporterReasons = [
  ...['ok', 'absent', 'unsupported', 'slow', 'failed', 'unreadable'],
  ...['permission', 'container-mask', 'wsl', 'vm', 'amd-core-domain', 'no-counter', 'module', 'nvidia-driver'],
] as const;
export type ExporterReason = (typeof exporterReasons)[number];

/** On the pages of both roles. */
export const pageMetrics = {
  build: gauge('ffrtmp_build_info', 'Always 1; the version that runs', 'version'),
  exporterUp: gauge(
    'ffrtmp_exporter_up',
    'Does this exporter have all it should: 1, or 0 with the reason. What it lacks is absent from the page, never 0',
    ...(['exporter', 'reason'] as const),
  ),
  exporterDuration: gauge(
    'ffrtmp_exporter_scrape_duration_seconds',
    'What this exporter took for this page',
    'exporter',
  ),
  processCpu: counter('process_cpu_seconds_total', 'CPU time of this program, without its children'),
  processMemory: gauge('process_resident_memory_bytes', 'Memory of this program, without its children'),
  processStart: gauge('process_start_time_seconds', 'When this program began, seconds since 1970'),
};

const WAIT_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5, 15, 60, 300, 1800, 7200, 86_400];

/** The eight names of the seeds, types as given there, served from the first day. */
const seedMetrics = {
  jobsPending: gauge('ffrtmp_jobs_pending', 'Jobs that wait'),
  jobsRunning: gauge('ffrtmp_jobs_running', 'Jobs with a running attempt'),
  jobsCompleted: counter('ffrtmp_jobs_completed', 'Jobs completed since the database was made, pruned ones included'),
  jobsFailed: counter('ffrtmp_jobs_failed', 'Jobs failed since the database was made, pruned ones included'),
  nodesTotal: gauge('ffrtmp_nodes_total', 'Registered nodes'),
  nodesAvailable: gauge('ffrtmp_nodes_available', 'Nodes with a free slot'),
  nodesBusy: gauge('ffrtmp_nodes_busy', 'Nodes without a free slot'),
  jobDuration: histogram('ffrtmp_job_duration_seconds', 'From submit to end of completed and failed jobs', [
    1,
    5,
    15,
    30,
    60,
    300,
    900,
    3600,
    4 * 3600,
    24 * 3600,
  ]),
};

/** Where jobs, nodes and the store stand, and how fast work gets going. */
const fleetMetrics = {
  nodesDead: gauge('ffrtmp_nodes_dead', 'Nodes not heard of for two minutes'),
  jobsByStatus: gauge('ffrtmp_master_jobs_total', 'Jobs by status', 'status'),
  nodesByStatus: gauge('ffrtmp_master_nodes_total', 'Nodes by status', 'status'),
  scheduleAttempts: counter(
    'ffrtmp_master_schedule_attempts_total',
    'Claims: success handed out work, no_jobs ended empty, error failed',
    'result',
  ),
  queueReady: gauge('ffrtmp_master_queue_ready', 'Tasks that wait for a node', 'queue', 'priority'),
  queueRunning: gauge('ffrtmp_master_queue_running', 'Live leases', 'queue', 'priority'),
  queueOldestWait: gauge(
    'ffrtmp_master_queue_oldest_wait_seconds',
    'Age of the oldest task at the head of a lane, from when its job could start; 0 where none waits',
    ...(['queue', 'priority'] as const),
  ),
  waitTime: histogram(
    'ffrtmp_master_wait_seconds',
    'From when a job could start to the first lease of its first task',
    WAIT_BUCKETS,
    'queue',
  ),
  startTime: histogram(
    'ffrtmp_master_start_seconds',
    'From the lease of an attempt to its agent’s word that it runs',
    WAIT_BUCKETS,
  ),
  parkedClaims: gauge('ffrtmp_master_parked_claims', 'Agents whose claim waits here for work'),
  events: counter('ffrtmp_master_events_total', 'Changes told to subscribers since this master started', 'kind'),
  commits: counter('ffrtmp_master_commits_total', 'Groups of mutations committed since this master started'),
  commitMutations: counter(
    'ffrtmp_master_commit_mutations_total',
    'Mutations in them: divided by the commits, the size of a group',
  ),
  commitSeconds: counter('ffrtmp_master_commit_seconds_total', 'Time from the beginning of a group to its COMMIT'),
  databaseSize: gauge('ffrtmp_master_database_bytes', 'Size of the database, free pages included', 'kind'),
  diskFree: gauge('ffrtmp_master_disk_free_bytes', 'Free for this program where its data lies', 'place'),
};

/** What attempts came to. Process counters: they begin at 0 with each start of the master, as Prometheus expects. */
const resultMetrics = {
  attempts: counter(
    'ffrtmp_master_attempts_total',
    'Attempts that ended since this master started; failure_class is none where they did not fail',
    ...(['task', 'outcome', 'failure_class'] as const),
  ),
  engineSeconds: counter('ffrtmp_master_engine_seconds_total', 'Wall time of engines, by reported results', 'encoder'),
  mediaSeconds: counter('ffrtmp_master_media_seconds_total', 'Length of what was encoded', 'encoder'),
  frames: counter('ffrtmp_master_frames_total', 'Frames encoded', 'encoder'),
  inputBytes: counter('ffrtmp_master_input_bytes_total', 'Bytes of the sources', 'encoder'),
  outputBytes: counter('ffrtmp_master_output_bytes_total', 'Bytes of the outputs', 'encoder'),
  energy: counter(
    'ffrtmp_master_energy_joules_total',
    'Energy of ended attempts since this master started. Never add across scopes, qualities or figures; part: encode, quality, waste. An encode refused later for its quality stays under encode',
    ...(['figure', 'part', 'scope', 'quality'] as const),
  ),
  energyUnknown: counter(
    'ffrtmp_master_energy_unknown_total',
    'Figures without a value: the energy counter lacks them',
    ...(['figure', 'part', 'scope'] as const),
  ),
  cost: counter(
    'ffrtmp_master_cost_total',
    'Money of ended attempts since this master started, in the currency of the label; figure: energy, node. Absent without a tariff',
    ...(['figure', 'part', 'currency', 'quality'] as const),
  ),
  carbon: counter(
    'ffrtmp_master_carbon_grams_total',
    'CO2 equivalent of ended attempts since this master started; figure: operational, embodied. Absent without an intensity',
    ...(['figure', 'part', 'quality'] as const),
  ),
  custom: gauge('ffrtmp_master_custom_metric', 'The latest number agents reported under a name of their own', 'name'),
  customReports: counter('ffrtmp_master_custom_metric_reports_total', 'How often that was', 'name'),
  customDropped: counter(
    'ffrtmp_master_custom_metrics_dropped_total',
    'Numbers under names that are no metric names, or beyond the first 50',
  ),
};

/** The picture, of jobs whose quality was compared. */
const qoeMetrics = {
  vmaf: histogram(
    'ffrtmp_master_vmaf_points',
    'VMAF of ended comparisons since this master started',
    [20, 40, 60, 70, 75, 80, 85, 88, 90, 92, 94, 96, 98, 100],
    ...(['codec', 'height'] as const),
  ),
  psnr: histogram(
    'ffrtmp_master_psnr_decibels',
    'PSNR of ended comparisons since this master started',
    [20, 25, 28, 30, 32, 34, 36, 38, 40, 42, 45, 50, 60],
    ...(['codec', 'height'] as const),
  ),
  ssim: histogram(
    'ffrtmp_master_ssim_ratio',
    'SSIM of ended comparisons since this master started',
    [0.5, 0.7, 0.8, 0.85, 0.9, 0.92, 0.94, 0.96, 0.97, 0.98, 0.99, 0.995, 1],
    ...(['codec', 'height'] as const),
  ),
  qoeEfficiency: gauge(
    'ffrtmp_master_qoe_pixels_per_joule',
    'Pixels x VMAF / 100 over active joules, over all such jobs since this master started; by scope and quality of the energy',
    ...(['codec', 'height', 'scope', 'quality'] as const),
  ),
  qoeDropped: counter('ffrtmp_master_qoe_dropped_total', 'Comparisons that ended faster than they could be looked up'),
};

export const masterMetrics = { ...seedMetrics, ...fleetMetrics, ...resultMetrics, ...qoeMetrics };

/** Of the machine: read at a scrape, or known from the agent's own sampling. */
const machineMetrics = {
  cpuSeconds: counter(
    'ffrtmp_worker_cpu_seconds_total',
    'CPU time of the machine since boot, over all threads',
    'mode',
  ),
  raplEnergy: counter(
    'ffrtmp_worker_rapl_energy_joules_total',
    'RAPL counter of a zone since the agent started, wraps corrected. psys covers the packages: never add them',
    ...(['zone', 'scope'] as const),
  ),
  energy: counter(
    'ffrtmp_worker_energy_joules_total',
    'Energy of the node since the agent started by who used it: jobs, other, idle, and rest where that is not known. Never add across methods',
    ...(['use', 'method', 'scope', 'quality'] as const),
  ),
  energyCovered: counter(
    'ffrtmp_worker_energy_covered_seconds_total',
    'Time of which that energy is known',
    ...(['method', 'scope', 'quality'] as const),
  ),
  power: gauge(
    'ffrtmp_worker_power_watts',
    'Mean power of the latest interval of sampling; absent when it could not be read',
    ...(['method', 'scope', 'quality'] as const),
  ),
  gpuInfo: gauge('ffrtmp_worker_gpu_info', 'Always 1; which GPU it is', 'gpu', 'name', 'uuid'),
  gpuEnergy: counter(
    'ffrtmp_worker_gpu_energy_joules_total',
    'The GPU’s own counter since its driver was loaded',
    'gpu',
  ),
  gpuPower: gauge('ffrtmp_worker_gpu_power_watts', 'As the driver says it', 'gpu'),
  gpuUtilization: gauge(
    'ffrtmp_worker_gpu_utilization_ratio',
    'Share of time an engine was busy, as the driver sampled it last; engine: sm, memory, encoder, decoder',
    ...(['gpu', 'engine'] as const),
  ),
  gpuMemoryUsed: gauge('ffrtmp_worker_gpu_memory_used_bytes', 'Memory of the GPU in use', 'gpu'),
  gpuMemory: gauge('ffrtmp_worker_gpu_memory_bytes', 'Memory of the GPU', 'gpu'),
  gpuTemperature: gauge('ffrtmp_worker_gpu_temperature_celsius', 'Of the GPU', 'gpu'),
  gpuSessions: gauge('ffrtmp_worker_gpu_encoder_sessions', 'Encodes the GPU runs, whoever began them', 'gpu'),
};

/** kind: `root` covers all, `slice` is a top group below it, `container` and `service` lie in slices: add one kind alone. */
const groupMetrics = {
  groupCpu: counter('ffrtmp_worker_cgroup_cpu_seconds_total', 'CPU time of a control group', 'kind', 'name'),
  groupMemory: gauge(
    'ffrtmp_worker_cgroup_memory_bytes',
    'Memory of a control group, page cache included',
    'kind',
    'name',
  ),
  groupRead: counter('ffrtmp_worker_cgroup_read_bytes_total', 'Read from block devices', 'kind', 'name'),
  groupWritten: counter('ffrtmp_worker_cgroup_written_bytes_total', 'Written to block devices', 'kind', 'name'),
  groups: gauge('ffrtmp_worker_cgroups', 'Control groups of a kind, those in the row `other` included', 'kind'),
};

const engineMetrics = {
  running: gauge('ffrtmp_worker_ffmpeg_running', 'Attempts whose engine works', 'task', 'encoder'),
  frames: counter(
    'ffrtmp_worker_ffmpeg_frames_total',
    'Frames encoded or compared, as ffmpeg counts them',
    'task',
    'encoder',
  ),
  fps: gauge('ffrtmp_worker_ffmpeg_fps', 'Frames a second, summed over running engines', 'task', 'encoder'),
  speed: gauge(
    'ffrtmp_worker_ffmpeg_speed_ratio',
    'Seconds of film a second, summed over running engines',
    ...(['task', 'encoder'] as const),
  ),
  starts: counter(
    'ffrtmp_worker_ffmpeg_starts_total',
    'Engine processes; again: of a task that was tried before',
    ...(['task', 'again'] as const),
  ),
  attempts: counter('ffrtmp_worker_attempts_total', 'Attempts that ended', 'task', 'outcome'),
  failures: counter('ffrtmp_worker_attempt_failures_total', 'Attempts that failed', 'task', 'failure_class'),
  engineSeconds: counter('ffrtmp_worker_ffmpeg_seconds_total', 'Wall time of ended engine runs', 'task', 'encoder'),
  engineCpu: counter('ffrtmp_worker_ffmpeg_cpu_seconds_total', 'CPU time of ended engine runs', 'task', 'encoder'),
  inputBytes: counter('ffrtmp_worker_input_bytes_total', 'Bytes of the sources of encodes', 'encoder'),
  outputBytes: counter('ffrtmp_worker_output_bytes_total', 'Bytes of what encodes made', 'encoder'),
};

export const workerMetrics = {
  jobsActive: gauge('ffrtmp_worker_jobs_active', 'Attempts this worker runs'),
  heartbeats: counter('ffrtmp_worker_heartbeats_total', 'Heartbeats the master answered'),
  ...machineMetrics,
  ...engineMetrics,
  ...groupMetrics,
};

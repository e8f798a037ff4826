import { mkdirSync } from 'node:fs';
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { systemClock, systemTimers } from '@ffrtmp/runtime/clock';
import { defaultDataDir } from '@ffrtmp/runtime/data-dir';
import { newId } from '@ffrtmp/runtime/id';
import { createLogger, type Logger } from '@ffrtmp/runtime/log';
import { type MetricsServer, startMetricsServer } from '@ffrtmp/runtime/metrics-server';
import { uploadFile } from '@ffrtmp/runtime/transfer';
import { runRole } from '@ffrtmp/runtime/usage';
import { FfrtmpError } from '@ffrtmp/shared/contract/errors';
import { PROTOCOL } from '@ffrtmp/shared/contract/nodes';
import { isHardwareEncoder } from '@ffrtmp/shared/job/resources';
import { knownEncoders } from '@ffrtmp/shared/media/encoding';
import { type Registration, registrationSchema } from '@ffrtmp/shared/node/node';
import type { Timing } from '@ffrtmp/shared/node/timing';
import { version } from '@ffrtmp/shared/version';
import { sweepJobDirs } from './agent/job-dir.ts';
import { type Joined, join } from './agent/join.ts';
import { createLoadMeter } from './agent/load.ts';
import { lockDataDir } from './agent/lock.ts';
import type { AgentParts } from './agent/parts.ts';
import { runCalibrate } from './calibrate/calibrate.ts';
import { type AgentConfig, agentOptions } from './config.ts';
import { runDoctor } from './doctor/doctor.ts';
import { containersExporter } from './exporters/containers.ts';
import { cpuExporter } from './exporters/cpu.ts';
import { energyExporter } from './exporters/energy.ts';
import { type FfmpegExporter, ffmpegExporter } from './exporters/ffmpeg.ts';
import { gpuExporter } from './exporters/gpu.ts';
import { createWorkerPage, type WorkerPage } from './exporters/page.ts';
import { detectHardware } from './hardware/detect.ts';
import { ffmpegVersion, proveEncoders } from './hardware/encoders.ts';
import { gpuSessions } from './hardware/gpu-sessions.ts';
import { detectedLabels } from './hardware/labels.ts';
import { findProgram, programPath } from './hardware/program.ts';
import { proveVmaf, vmafProof } from './hardware/vmaf.ts';
import { openPower, openSampler, rootsOf } from './machine.ts';
import type { PowerSources } from './power/sources.ts';
import { performTask } from './tasks/perform.ts';
import type { Machine } from './tasks/work.ts';
import { startWorker } from './worker.ts';

interface Described {
  registration: Registration;
  /** Has it a graphics processor of whatever make? */
  gpu: boolean;
  machine: Machine;
  sources: PowerSources;
}

/** Everything the master is told about this machine; each encoder is proven by a real encode first. */
async function describe(config: AgentConfig, dataDir: string, signal: AbortSignal): Promise<Described> {
  const searchPath = process.env.PATH ?? '/usr/bin:/bin';
  const ffmpeg = findProgram(config.ffmpeg, searchPath);
  const ffprobe = findProgram(config.ffprobe, searchPath);
  const ffmpegText = await ffmpegVersion(ffmpeg, signal);
  const hardware = await detectHardware(rootsOf(config));
  const encoders = await proveEncoders({ ffmpeg, names: knownEncoders(), signal });
  const vmaf = await proveVmaf(ffmpeg, programPath(config.vmaf, searchPath), signal);
  const sessions = config.gpuSessions ?? gpuSessions(hardware.gpus, encoders);
  const sources = await openPower(config, hardware, { dataDir, gpuSessions: sessions });
  const address = config.address ?? hostname();
  const registration = registrationSchema.parse({
    address,
    name: address,
    cpu_threads: hardware.cpu_threads,
    cpu_model: hardware.cpu_model,
    has_gpu: hardware.gpus.length > 0,
    gpu_type: hardware.gpus[0]?.name ?? null,
    gpu_capabilities: encoders.filter((one) => one.works && isHardwareEncoder(one.name)).map((one) => one.name),
    gpu_sessions: sessions,
    ram_bytes: hardware.ram_bytes,
    battery: hardware.battery,
    labels: { ...config.labels, ...detectedLabels() },
    pool: config.pool,
    encoders,
    vmaf: vmafProof(vmaf),
    power_sources: sources.describe(),
    ffmpeg_version: ffmpegText,
    slots: config.maxConcurrentJobs,
    version,
    protocol: PROTOCOL,
    ...(hardware.machine_id === null ? {} : { machine_id: hardware.machine_id }),
    allow_master_as_worker: config.allowMasterAsWorker,
  });
  const machine: Machine = {
    ffmpeg,
    ffprobe,
    ffmpegVersion: ffmpegText,
    cpuModel: hardware.cpu_model,
    cpuThreads: hardware.cpu_threads,
    governor: hardware.governor,
    powerMethod: sources.method,
    vmaf,
  };
  return { registration, machine, sources, gpu: hardware.gpus.length > 0 };
}

/** More than lease/4.5 between heartbeats and the loss of a few would cost work: refused, naming both. */
function checkHeartbeat(configuredMs: number, timing: Timing, isDefault: boolean): number {
  if (configuredMs <= timing.heartbeat_ms) return configuredMs;
  if (isDefault) return timing.heartbeat_ms;
  throw new FfrtmpError(
    'bad_config',
    `--heartbeat-interval ${configuredMs} ms is too long for the master's lease of ${timing.lease_ms} ms: at most ${timing.heartbeat_ms} ms (lease/4.5)`,
  );
}

const DEFAULT_HEARTBEAT_MS = 10_000;

interface Rest {
  dataDir: string;
  log: Logger;
  onRevoked: (error: unknown) => void;
  ffmpeg: FfmpegExporter;
}

function partsOf(config: AgentConfig, joined: Joined, described: Described, { ffmpeg, ...rest }: Rest): AgentParts {
  const { machine, sources } = described;
  const heartbeatMs = checkHeartbeat(
    config.heartbeatInterval,
    joined.timing,
    config.heartbeatInterval === DEFAULT_HEARTBEAT_MS,
  );
  const held: AgentParts['held'] = new Map();
  const sampler = openSampler(config, sources, rest.dataDir);
  return {
    connection: joined.connection,
    clock: systemClock,
    timers: systemTimers,
    random: Math.random,
    newId,
    nodeId: joined.nodeId,
    machine,
    sampler,
    power: sampler,
    perform: performTask,
    upload: uploadFile,
    load: createLoadMeter(rest.dataDir, machine.cpuThreads, systemClock),
    slots: config.maxConcurrentJobs,
    threadsPerSlot: Math.max(1, Math.floor(machine.cpuThreads / config.maxConcurrentJobs)),
    timing: joined.timing,
    heartbeatMs,
    pollMs: config.pollInterval,
    orphanGraceMs: config.orphanGrace,
    held,
    onSpawn: (attempt, pid) => {
      const { job, task, lease } = attempt.claimed;
      const about = { job: job.sequence_number, task: task.kind, attempt: lease.attempt_id, engine_pid: pid };
      rest.log.info(about, 'engine started');
      ffmpeg.started(attempt);
    },
    onResult: ffmpeg.ended,
    ...rest,
  };
}

function pageOf(
  config: AgentConfig,
  parts: AgentParts,
  { sources, gpu }: Described,
  ffmpeg: FfmpegExporter,
): WorkerPage {
  const { meters } = parts.sampler;
  return createWorkerPage(
    () => parts.held.size,
    [
      cpuExporter({ procRoot: config.procRoot, sources, meters }),
      energyExporter({ sources, meters }),
      gpuExporter({ sources, present: gpu }),
      ffmpeg,
      containersExporter(config.cgroupRoot),
    ],
  );
}

async function serveMetrics(config: AgentConfig, page: WorkerPage, log: Logger): Promise<MetricsServer | undefined> {
  if (!config.metrics) return undefined;
  const { registry, collect } = page;
  const server = await startMetricsServer({ host: config.metricsHost, port: config.metricsPort, registry, collect });
  log.info({ port: server.port }, 'metrics are served');
  return server;
}

async function run(config: AgentConfig): Promise<void> {
  const log = createLogger('agent', config.logLevel);
  const say = (text: string) => void process.stdout.write(`${text}\n`);
  const stopped = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stopped.abort());
  const dataDir = resolve(config.dataDir ?? defaultDataDir('agent', process.env));
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const lock = lockDataDir(dataDir);
  for (const left of sweepJobDirs(dataDir)) log.info({ attempt: left }, 'removed what an earlier run left');
  const described = await describe(config, dataDir, stopped.signal).catch((error: unknown) => {
    // Stopped while it proved its encoders: there is nothing to give back yet.
    if (!stopped.signal.aborted) throw error;
  });
  if (!described) return lock.close();
  const localMasterDir = defaultDataDir('master', process.env);
  const joined = await join({ config, dataDir, localMasterDir, registration: described.registration, say });
  let revoked: unknown;
  const onRevoked = (error: unknown) => {
    revoked ??= error;
    stopped.abort();
  };
  const ffmpeg = ffmpegExporter(() => parts.held.values());
  const parts = partsOf(config, joined, described, { dataDir, log, onRevoked, ffmpeg });
  const page = pageOf(config, parts, described, ffmpeg);
  const server = await serveMetrics(config, page, log);
  const worker = startWorker(parts, page.countHeartbeat);
  say(`agent ready: node ${joined.nodeId} (${joined.name})`);
  if (!stopped.signal.aborted)
    await new Promise((done) => stopped.signal.addEventListener('abort', done, { once: true }));
  log.info('stopping: running work goes back to the master');
  await worker.stop();
  await server?.close();
  await joined.connection.close();
  parts.sampler.close();
  described.sources.close();
  lock.close();
  if (revoked !== undefined) throw revoked;
}

/** `bin/agent doctor` and `bin/agent calibrate` print JSON and end. */
const verbs: Record<string, typeof runDoctor> = { doctor: runDoctor, calibrate: runCalibrate };
const program = {
  name: 'agent',
  role: 'worker',
  purpose: 'claims jobs on this machine and runs them',
  options: agentOptions,
};
const words = process.argv.slice(2);
const verb = verbs[words[0] ?? ''];
const act = verb ? (config: AgentConfig) => verb(config, process.env) : run;
await runRole(program, { argv: verb ? words.slice(1) : words, env: process.env, cwd: process.cwd() }, act);

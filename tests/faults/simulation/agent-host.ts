import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Connection } from '@ffrtmp/runtime/connect';
import { createLogger } from '@ffrtmp/runtime/log';
import { createClient, errorFrom } from '@ffrtmp/shared/client';
import { FfrtmpError } from '@ffrtmp/shared/contract/errors';
import { nodeOperations } from '@ffrtmp/shared/contract/nodes';
import type { Timing } from '@ffrtmp/shared/node/timing';
import { sweepJobDirs } from '../../../worker/src/agent/job-dir.ts';
import type { AgentParts } from '../../../worker/src/agent/parts.ts';
import { startWorker, type Worker } from '../../../worker/src/worker.ts';
import { digestOf, machine, runEngine } from './engine.ts';
import { ADMIN_KEY } from './master-host.ts';
import { MASTER_URL, type Network } from './network.ts';
import type { Life, World } from './world.ts';

/** Somebody starts an agent again that could not join. */
const RESTART_MS = 1000;

export interface AgentSettings {
  address: string;
  slots: number;
  encoders: readonly string[];
  orphanGraceMs: number;
  longestRunMs: number;
  failures: number;
}

/** A machine with an agent on it: its data directory survives, its processes do not. */
export interface AgentHost {
  readonly name: string;
  readonly dataDir: string;
  start: () => void;
  /** kill -9: nothing of it goes on but what lies in its data directory. */
  kill: () => void;
  /** SIGTERM: it gives back what it runs. */
  stop: () => Promise<void>;
  freeze: (untilMs: number) => void;
  nodeId: () => string | undefined;
  up: () => boolean;
  held: () => string[];
  /** Attempts whose engine runs. */
  engines: () => string[];
  /** Another one after each start. */
  incarnation: () => object | undefined;
  /** It stands still now. */
  standing: () => boolean;
}

export interface AgentHostParts {
  world: World;
  network: Network;
  folder: string;
  settings: AgentSettings;
  /** An upload began: is its lease trusted? */
  onPublish: (attemptId: string) => void;
}

interface Running {
  life: Life;
  worker: Worker | undefined;
  held: AgentParts['held'];
  engines: Set<string>;
  /** Once it was told to stop: settles when it has. */
  stopped: Promise<void> | undefined;
  /** Settles `stopped`, also when it dies before the signal reaches it. */
  gone: (() => void) | undefined;
}

interface Credential {
  nodeId: string;
  key: string;
}

export function createAgentHost({ world, network, folder, settings, onPublish }: AgentHostParts): AgentHost {
  const name = settings.address;
  const dataDir = join(folder, name);
  mkdirSync(dataDir, { recursive: true });
  const log = createLogger('agent', 'silent');
  const chance = world.chance.fork(name);
  // The wall clock of a worker may be wrong by an hour: nothing depends on it.
  const skewMs = chance.pick([0, 3_600_000, -3_600_000]);
  let credential: Credential | undefined;
  let running: Running | undefined;

  function connect(life: Life, key: string): Connection {
    const client = createClient({ baseUrl: MASTER_URL, key, fetch: network.fetchFor(life) });
    return { url: MASTER_URL, key, ca: undefined, client, close: async () => undefined };
  }

  async function joinMaster(life: Life): Promise<{ connection: Connection; timing: Timing; nodeId: string }> {
    const body = {
      address: name,
      ...{ cpu_threads: machine.cpuThreads, cpu_model: machine.cpuModel, ram_bytes: 16e9, slots: settings.slots },
      encoders: settings.encoders.map((encoder) => ({ name: encoder, works: true, fps: 100, reason: null })),
    };
    const connection = connect(life, credential?.key ?? ADMIN_KEY);
    const node = await connection.client.call(nodeOperations.register, { body }).catch(async (error: unknown) => {
      await removeForgotten(connection, error);
      throw error;
    });
    if (node.credential !== null) credential = { nodeId: node.id, key: node.credential };
    const own = credential as Credential;
    return { connection: connect(life, own.key), timing: node.timing, nodeId: own.nodeId };
  }

  /** The reply with the credential was lost: a person removes the node that nobody can speak for, and joins again. */
  async function removeForgotten({ client }: Connection, error: unknown): Promise<void> {
    if (!(error instanceof FfrtmpError)) return;
    if (error.code === 'unauthorized') credential = undefined;
    if (error.code !== 'address_taken') return;
    const params = { id: (error.details as { node_id: string }).node_id };
    await client.call(nodeOperations.revoke, { params });
    await client.call(nodeOperations.remove, { params });
  }

  function partsOf(own: Running, joined: Awaited<ReturnType<typeof joinMaster>>): AgentParts {
    const { life, engines, held } = own;
    const timers = world.timersOf(life);
    const { timing } = joined;
    return {
      ...joined,
      ...{ dataDir, machine, timers, held, log, newId: world.newId, random: chance.next, slots: settings.slots },
      clock: world.clockOf(life, () => skewMs),
      // Simulated engines open no energy window.
      sampler: undefined as unknown as AgentParts['sampler'],
      load: () => ({ cpu_percent: null, ram_free_bytes: null, disk_free_bytes: null }),
      threadsPerSlot: 1,
      heartbeatMs: timing.heartbeat_ms,
      pollMs: 10_000,
      orphanGraceMs: settings.orphanGraceMs,
      onSpawn: () => undefined,
      onRevoked: () => revoked(own),
      perform(place) {
        const attemptId = place.folder.slice(place.folder.lastIndexOf('/') + 1);
        const { longestRunMs: longestMs, failures } = settings;
        const onStart = () => void engines.add(attemptId);
        const onEnd = () => void engines.delete(attemptId);
        const part = world.chance.fork(`engine ${attemptId}`);
        return runEngine({ timers, chance: part, attemptId, longestMs, failures, onStart, onEnd }, place);
      },
      upload: (connection, path, options) => upload(connection, path, options.signal),
    };
  }

  async function upload(connection: Connection, path: string, signal: AbortSignal | undefined) {
    const bytes = readFileSync(path);
    const sha256 = digestOf(bytes);
    onPublish(path.slice(dataDir.length).split('/')[2] ?? '');
    const init: RequestInit = { method: 'PUT', body: bytes.toString('utf8') };
    if (connection.key) init.headers = { authorization: `Bearer ${connection.key}` };
    if (signal) init.signal = signal;
    const response = await connection.client.settings.fetch(`${MASTER_URL}/files/${sha256}`, init);
    if (!response.ok) throw errorFrom(response.status, await response.text());
    return { sha256, bytes: bytes.length };
  }

  /** Its credential was ended by somebody: the agent stops, and a person registers it again. */
  function revoked(own: Running): void {
    if (running !== own) return;
    credential = undefined;
    kill();
    world.schedule(RESTART_MS, supervisor, start);
  }

  const supervisor = world.life(`supervisor of ${name}`);

  function kill(): void {
    if (!running) return;
    const { life, gone } = running;
    life.alive = false;
    network.hungUp(life);
    world.note(`${name} dies`);
    running = undefined;
    gone?.();
  }

  async function boot(own: Running): Promise<void> {
    sweepJobDirs(dataDir);
    const joined = await joinMaster(own.life);
    own.worker = startWorker(partsOf(own, joined), () => undefined);
    world.note(`${name} is at work`);
  }

  function start(): void {
    if (running) return;
    const own: Running = {
      life: world.life(name),
      worker: undefined,
      held: new Map(),
      engines: new Set(),
      stopped: undefined,
      gone: undefined,
    };
    running = own;
    world.note(`${name} starts`);
    boot(own).catch((error: unknown) => {
      world.note(`${name} does not join: ${String(error)}`);
      if (running !== own) return;
      kill();
      if (!own.stopped) world.schedule(RESTART_MS, supervisor, start);
    });
  }

  async function end(own: Running): Promise<void> {
    await own.worker?.stop();
    if (running === own) kill();
  }

  return {
    name,
    dataDir,
    start,
    kill,
    stop() {
      const own = running;
      if (!own) return Promise.resolve();
      own.stopped ??= new Promise((done) => {
        own.gone = done;
        // A process that stands still takes the signal when it goes on.
        world.schedule(0, own.life, () => void end(own));
      });
      return own.stopped;
    },
    freeze(untilMs) {
      if (running) running.life.frozenUntilMs = Math.max(running.life.frozenUntilMs, untilMs);
    },
    nodeId: () => credential?.nodeId,
    up: () => running?.worker !== undefined,
    held: () => [...(running?.held.keys() ?? [])],
    engines: () => [...(running?.engines ?? [])],
    incarnation: () => running,
    standing: () => (running?.life.frozenUntilMs ?? 0) > world.nowMs(),
  };
}

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { timingFor } from '@ffrtmp/shared/node/timing';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import type { Clock } from './clock.ts';
import type { MasterConfig } from './config.ts';
import type { Database } from './database/open.ts';
import { leaseOf } from './dispatch/claim.ts';
import { createLeases, type Leases } from './dispatch/leases.ts';
import { createOrders } from './dispatch/orders.ts';
import type { DispatchParts } from './dispatch/parts.ts';
import { dispatchRoutes } from './dispatch/routes.ts';
import { createWaiters } from './dispatch/waiters.ts';
import { createEventLog, type EventLog } from './events/log.ts';
import { eventRoutes } from './events/routes.ts';
import { createMetrics, type MasterMetrics } from './exporters/metrics.ts';
import { type Library, openLibrary } from './files/library.ts';
import { fileRoutes } from './files/routes.ts';
import { createApp } from './http/app.ts';
import type { TlsIdentity } from './http/listen.ts';
import { type Handler, serve } from './http/serve.ts';
import { systemRoutes } from './http/system.ts';
import { createLanes, type Lanes } from './jobs/lanes.ts';
import { createLogStore } from './jobs/logs.ts';
import type { JobParts } from './jobs/parts.ts';
import { createProgressBoard, type ProgressBoard } from './jobs/progress.ts';
import { findJob, jobRoutes } from './jobs/routes.ts';
import { allClasses, jobBySeq, liveAttempts, readyLanes, taskById } from './jobs/store.ts';
import { createTransitions } from './jobs/transition.ts';
import { viewAttempts, viewJob, viewTasks } from './jobs/view.ts';
import { type FirstSecrets, firstStart, signingSecret } from './keys/first-start.ts';
import { type Keyring, loadKeyring } from './keys/keyring.ts';
import { keyRoutes } from './keys/routes.ts';
import { createLeaseTokens } from './keys/secrets.ts';
import { revokeNodeKeys } from './keys/store.ts';
import type { NodeParts } from './nodes/parts.ts';
import { loadRegistry, type Registry } from './nodes/registry.ts';
import { nodeRoutes } from './nodes/routes.ts';
import { energyOnNode, type ReadJob, receiptRoutes } from './receipts/routes.ts';
import { type Alarm, startAlarm } from './recovery/alarm.ts';
import { nextDueMs, sweep, takeBack, tidy } from './recovery/sweep.ts';
import { fromCanonical } from './scheduling/fits.ts';

export interface MasterSettings {
  config: MasterConfig;
  dataDir: string;
  db: Database;
  clock: Clock;
  log: Logger;
  random: () => number;
  tls: (TlsIdentity & { caFingerprint: string | null }) | null;
  machineId: string | null;
}

export interface Master {
  app: FastifyInstance;
  metrics: MasterMetrics;
  keyring: Keyring;
  /** Makes tenant, admin key and join token where there are none: after the ports are taken, so that they are shown. */
  firstStart: () => Promise<FirstSecrets | null>;
  /** One safety pass. */
  sweep: () => Promise<unknown>;
  tidy: () => Promise<void>;
  /** Stops handing out work and ends parked claims; open requests finish. */
  drain: () => void;
  close: () => Promise<void>;
}

/** The one place where the master is put together. Tests call it too. */
export async function buildMaster(settings: MasterSettings): Promise<Master> {
  const { config, dataDir, db, clock, log } = settings;
  let accepting = true;
  const events = createEventLog(db.read, clock);
  const keyring = await loadKeyring(db, clock, config.apiKey);
  const library = openLibrary({ db, clock, dataDir });
  const leases = createLeases(clock, config.lease);
  const registry = await loadRegistry(db.read, clock, leases.runningOn);
  const metrics = createMetrics({ read: db.read, nodes: registry, events });
  const alarm = startAlarm({ nextDueMs: () => nextDueMs(dispatch), ring: () => sweep(dispatch), log });
  const foundation: Foundation = {
    settings,
    events,
    keyring,
    library,
    leases,
    registry,
    metrics,
    alarm,
    accepting: () => accepting,
  };
  const dispatch = wireDispatch(foundation);
  await restore(dispatch);
  alarm.poke();

  const app = createApp({ identify: keyring.identify, tls: settings.tls, log });
  const files = fileRoutes(app, library);
  serve(app, allRoutes(foundation, dispatch));
  return {
    app,
    metrics,
    keyring,
    firstStart: () => firstStart({ db, clock, keyring, dataDir, configuredKey: config.apiKey }),
    sweep: () => sweep(dispatch),
    async tidy() {
      await tidy(dispatch);
      await files.sweep();
    },
    drain() {
      accepting = false;
      dispatch.waiters.wakeAll();
    },
    async close() {
      accepting = false;
      alarm.stop();
      dispatch.waiters.wakeAll();
      await app.close();
    },
  };
}

/** What has a life of its own; everything else is wired from it. */
interface Foundation {
  settings: MasterSettings;
  events: EventLog;
  keyring: Keyring;
  library: Library;
  leases: Leases;
  registry: Registry;
  metrics: MasterMetrics;
  alarm: Alarm;
  accepting: () => boolean;
}

function wireDispatch(foundation: Foundation): DispatchParts {
  const { settings, leases, registry, alarm } = foundation;
  const waiters = createWaiters();
  const orders = createOrders(waiters.wakeNode);
  const board = createProgressBoard();
  const lanes = createLanes((classId, avoidNodeId) => {
    const able = (nodeId: string) => {
      const node = registry.get(nodeId);
      // A node that claims more than it has slots for must not swallow the one wake-up of a task.
      return node !== undefined && leases.runningOn(nodeId) < node.row.slots && lanes.fits(classId, node.placement);
    };
    const elsewhere = waiters.wakeOne((nodeId) => nodeId !== avoidNodeId && able(nodeId));
    if (!elsewhere) waiters.wakeOne(able);
  });
  const onAttemptEnded: JobParts['onAttemptEnded'] = (attempt, kind) => {
    leases.end(attempt.id);
    board.forget(attempt.id);
    orders.give(attempt.nodeId, { kind, attempt_id: attempt.id });
  };
  const jobs = wireJobs(foundation, lanes, board, onAttemptEnded);
  const nodes = wireNodes(foundation, {
    takeBack: (nodeId, reason) => takeBack(dispatch, nodeId, reason),
    onNodeReady: waiters.wakeNode,
    onNodeGone: waiters.dismiss,
  });
  const dispatch: DispatchParts = {
    jobs,
    nodes,
    leases,
    orders,
    waiters,
    board,
    tokens: createLeaseTokens(signingSecret(settings.dataDir)),
    logs: createLogStore(settings.dataDir),
    timing: nodes.timing,
    onClaim: foundation.metrics.countClaim,
    onLeasesChanged: () => alarm.poke(settings.config.lease),
    accepting: foundation.accepting,
  };
  return dispatch;
}

function wireJobs(
  foundation: Foundation,
  lanes: Lanes,
  board: ProgressBoard,
  onAttemptEnded: JobParts['onAttemptEnded'],
): JobParts {
  const { settings, events, library, registry, alarm } = foundation;
  const { db, clock, random, config } = settings;
  return {
    db,
    clock,
    events,
    lanes,
    transitions: createTransitions({ clock, events, lanes }),
    ownedBytes: async (tenantId, sha256) => (await library.find(tenantId, sha256))?.bytes,
    nodeName: registry.name,
    knownNodes: registry.known,
    progressOf: board.ofJob,
    onAttemptEnded,
    onDueChanged: () => alarm.poke(),
    defaultMaxRetries: config.maxRetries,
    random,
  };
}

function wireNodes(
  foundation: Foundation,
  later: Pick<NodeParts, 'takeBack' | 'onNodeReady' | 'onNodeGone'>,
): NodeParts {
  const { settings, events, keyring, registry, leases } = foundation;
  const { db, clock, config, machineId } = settings;
  return {
    db,
    clock,
    events,
    registry,
    timing: timingFor(config.lease),
    machineId,
    newCredential: async (tx, nodeId, name) => (await keyring.create(tx, { role: 'node', name, nodeId })).secret,
    async endCredentials(tx, nodeId) {
      const rows = await tx.run(revokeNodeKeys, { node: nodeId, now: clock.now() });
      tx.afterCommit(() => keyring.forget(rows.map((row) => row.id)));
    },
    runningOn: leases.runningOn,
    energyOf: (nodeId, since, until) => energyOnNode(db.read, nodeId, since, until),
    ...later,
  };
}

function allRoutes({ settings, events, keyring, accepting }: Foundation, dispatch: DispatchParts): Handler[] {
  const { db, clock, tls } = settings;
  const { jobs, nodes, logs, board } = dispatch;
  const readJob: ReadJob = async (tenantId, reference) => {
    const job = await findJob(jobs, tenantId, reference);
    const view = await viewJob(jobs, db.read, job);
    return { job: view, tasks: await viewTasks(db.read, job), attempts: await viewAttempts(jobs, db.read, job) };
  };
  return [
    ...eventRoutes(events),
    ...systemRoutes({ checkStore: async () => void (await db.read(allClasses)), ready: accepting }),
    ...jobRoutes(jobs, logs, board),
    ...receiptRoutes(readJob),
    ...nodeRoutes(nodes),
    ...dispatchRoutes(dispatch),
    ...keyRoutes({ db, clock, keyring, events, caFingerprint: tls?.caFingerprint ?? null }),
  ];
}

/** Memory from the store after a start: classes, lanes, and every live lease with a full term before any sweep. */
async function restore(parts: DispatchParts): Promise<void> {
  const { read } = parts.jobs.db;
  for (const row of await read(allClasses)) parts.jobs.lanes.defineClass(row.id, fromCanonical(row.body));
  for (const row of await read(readyLanes)) parts.jobs.lanes.restore(row.class_id, row.tenant_id, row.ready, row.head);
  for (const attempt of await read(liveAttempts)) {
    const [job] = await read(jobBySeq, { seq: attempt.job_seq });
    const [task] = await read(taskById, { id: attempt.task_id });
    if (job && task) parts.leases.grant(leaseOf(attempt, job, task.kind));
  }
}

/** Identity of this machine, or null where it has none. */
export function readMachineId(root = '/etc'): string | null {
  try {
    return readFileSync(join(root, 'machine-id'), 'utf8').trim() || null;
  } catch {
    return null;
  }
}

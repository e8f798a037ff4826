import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock, Timers } from '@ffrtmp/runtime/clock';
import { timingFor } from '@ffrtmp/shared/node/timing';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import type { MasterConfig } from './config.ts';
import type { Database } from './database/open.ts';
import { freeOn } from './dispatch/capacity.ts';
import { createLeases, type Leases, leaseOf } from './dispatch/leases.ts';
import { createLook, readLanes } from './dispatch/look.ts';
import { createOrders } from './dispatch/orders.ts';
import type { DispatchParts } from './dispatch/parts.ts';
import { createReservations } from './dispatch/reservations.ts';
import { dispatchRoutes } from './dispatch/routes.ts';
import { createWaiters } from './dispatch/waiters.ts';
import { createWaking } from './dispatch/waking.ts';
import { createEventLog, type EventLog } from './events/log.ts';
import { eventRoutes } from './events/routes.ts';
import { createMetrics, type MasterMetrics } from './exporters/metrics.ts';
import { type Library, openLibrary } from './files/library.ts';
import { fileRoutes } from './files/routes.ts';
import { createApp } from './http/app.ts';
import type { TlsIdentity } from './http/listen.ts';
import { type Handler, serve } from './http/serve.ts';
import { systemRoutes } from './http/system.ts';
import { deadLetterRoutes } from './jobs/dead-letters.ts';
import { createLanes, type Lanes } from './jobs/lanes.ts';
import { createLogStore } from './jobs/logs.ts';
import type { JobParts } from './jobs/parts.ts';
import { createProgressBoard, type ProgressBoard } from './jobs/progress.ts';
import { findJob, jobRoutes } from './jobs/routes.ts';
import { allClasses, jobBySeq, liveAttempts, taskById } from './jobs/store.ts';
import { createTransitions } from './jobs/transition.ts';
import { viewAttempts, viewJob, viewTasks } from './jobs/view.ts';
import { runningByClass } from './jobs/why.ts';
import { type FirstSecrets, firstStart, signingSecret } from './keys/first-start.ts';
import { type Keyring, loadKeyring } from './keys/keyring.ts';
import { keyRoutes } from './keys/routes.ts';
import { createLeaseTokens } from './keys/secrets.ts';
import { revokeNodeKeys } from './keys/store.ts';
import type { NodeParts } from './nodes/parts.ts';
import { loadRegistry, type Registry } from './nodes/registry.ts';
import { nodeRoutes } from './nodes/routes.ts';
import { loadQueues, type QueueBoard } from './queues/board.ts';
import { queueRoutes } from './queues/routes.ts';
import { energyOnNode, type ReadJob, receiptRoutes } from './receipts/routes.ts';
import { type Alarm, startAlarm } from './recovery/alarm.ts';
import { createRetention, type Retention } from './recovery/retention.ts';
import { nextDueMs, sweep, takeBack, tidy } from './recovery/sweep.ts';
import type { NodeFacts } from './scheduling/fits.ts';

export interface MasterSettings {
  config: MasterConfig;
  dataDir: string;
  db: Database;
  clock: Clock;
  log: Logger;
  timers: Timers;
  random: () => number;
  newId: () => string;
  tls: (TlsIdentity & { caFingerprint: string | null }) | null;
  machineId: string | null;
}

/** The master behind its network: HTTP serves it to everybody, the simulation calls its handlers itself. */
export interface MasterCore {
  handlers: readonly Handler[];
  library: Library;
  metrics: MasterMetrics;
  keyring: Keyring;
  /** The lanes as memory has them. */
  lanes: Lanes['all'];
  /** Makes tenant, admin key and join token where there are none: after the ports are taken, so that they are shown. */
  firstStart: () => Promise<FirstSecrets | null>;
  /** One safety pass. */
  sweep: () => Promise<unknown>;
  tidy: () => Promise<void>;
  /** Retention: deletes what nobody keeps any longer. */
  prune: Retention['runOnce'];
  /** Stops handing out work and ends parked claims; open requests finish. */
  drain: () => void;
  /** Ends its timers and parked claims. */
  stop: () => void;
}

export interface Master extends Omit<MasterCore, 'handlers' | 'library' | 'stop'> {
  app: FastifyInstance;
  close: () => Promise<void>;
}

/** The master with its HTTP server. Tests call it too. */
export async function buildMaster(settings: MasterSettings): Promise<Master> {
  const { handlers, library, stop, ...core } = await buildCore(settings);
  const app = createApp({ identify: core.keyring.identify, tls: settings.tls, log: settings.log });
  const files = fileRoutes(app, library);
  serve(app, handlers);
  return {
    ...core,
    app,
    async tidy() {
      await core.tidy();
      await files.sweep();
    },
    async close() {
      stop();
      await app.close();
    },
  };
}

/** The one place where the master is put together. */
export async function buildCore(settings: MasterSettings): Promise<MasterCore> {
  const { config, dataDir, db, clock, timers, log } = settings;
  let accepting = true;
  const events = createEventLog(db.read, clock);
  const keyring = await loadKeyring({ db, clock, newId: settings.newId, configuredKey: config.apiKey });
  const library = openLibrary({ db, clock, dataDir });
  const leases = createLeases(clock, config.lease);
  const registry = await loadRegistry(db.read, clock, leases.runningOn);
  const queues = await loadQueues(db.read);
  const metrics = createMetrics({ read: db.read, nodes: registry, events });
  const ring = { nextDueMs: () => nextDueMs(dispatch), ring: () => sweep(dispatch) };
  const alarm = startAlarm({ ...ring, clock, timers, log });
  const foundation: Foundation = {
    settings,
    events,
    keyring,
    library,
    leases,
    registry,
    queues,
    metrics,
    alarm,
    accepting: () => accepting,
  };
  const dispatch = wireDispatch(foundation);
  await restore(dispatch);
  alarm.poke();

  return {
    handlers: allRoutes(foundation, dispatch),
    library,
    metrics,
    keyring,
    lanes: dispatch.jobs.lanes.all,
    firstStart: () => firstStart({ db, clock, keyring, dataDir, configuredKey: config.apiKey }),
    sweep: () => sweep(dispatch),
    tidy: () => tidy(dispatch),
    prune: createRetention({ db, clock, timers, log, library, logs: dispatch.logs, rules: config }).runOnce,
    drain() {
      accepting = false;
      dispatch.waiters.wakeAll();
    },
    stop() {
      accepting = false;
      alarm.stop();
      dispatch.waiters.wakeAll();
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
  queues: QueueBoard;
  metrics: MasterMetrics;
  alarm: Alarm;
  accepting: () => boolean;
}

function wireDispatch(foundation: Foundation): DispatchParts {
  const { settings, leases, registry, queues, alarm } = foundation;
  const { config, clock, db } = settings;
  const waiters = createWaiters(settings.timers);
  const orders = createOrders(waiters.wakeNode);
  const board = createProgressBoard(leases.moved);
  const waking = createWaking({
    waiters,
    registry,
    leases,
    queues,
    lanes: () => lanes,
    reservations: () => reservations,
  });
  const lanes = createLanes((lane, avoidNodeId) => waking.wakeFor(lane, avoidNodeId));
  const nowMs = clock.monotonicMs;
  const reservations = createReservations({ leases, lanes, nowMs, onReleased: waiters.wakeNode });
  leases.onEnded(waking.ended);
  const onAttemptEnded: JobParts['onAttemptEnded'] = (attempt, kind) => {
    leases.end(attempt.id);
    board.forget(attempt.id);
    orders.give(attempt.nodeId, { kind, attempt_id: attempt.id });
  };
  const jobs = wireJobs(foundation, lanes, board, onAttemptEnded);
  const freeOf = (node: NodeFacts) => freeOn(leases, lanes, node);
  const nodes = wireNodes(foundation, {
    takeBack: (nodeId, reason) => takeBack(dispatch, nodeId, reason),
    onNodeReady: waiters.wakeNode,
    onNodeGone: waiters.dismiss,
  });
  registry.placedBy({ freeOf, reservedFor: (nodeId) => reservations.laneOf(nodeId) ?? null });
  const dispatch: DispatchParts = {
    jobs,
    nodes,
    leases,
    reservations,
    queues,
    orders,
    waiters,
    board,
    rouse: waking.rouse,
    passOn: waking.passOn,
    tokens: createLeaseTokens(signingSecret(settings.dataDir)),
    logs: createLogStore(settings.dataDir),
    timing: nodes.timing,
    reserveAfterMs: config.reserveAfter,
    stallMs: config.stallTimeout,
    lookAtStore: createLook({ read: db.read, lanes, queues, nowMs, shared: db.shared }),
    onClaim: foundation.metrics.countClaim,
    onLeasesChanged: () => alarm.poke(config.lease),
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
  const { db, clock, random, newId, config } = settings;
  return {
    db,
    clock,
    events,
    lanes,
    transitions: createTransitions({ clock, events, lanes }),
    ownedBytes: async (tenantId, sha256) => (await library.find(tenantId, sha256))?.bytes,
    holdFile: library.hold,
    prunedAt: library.prunedAt,
    nodeName: registry.name,
    knownNodes: registry.known,
    progressOf: board.ofJob,
    ordering: { mode: config.queueOrder, agingStepMs: config.agingStep },
    queueRules: foundation.queues.rules,
    onAttemptEnded,
    onDueChanged: () => alarm.poke(),
    defaultMaxRetries: config.maxRetries,
    random,
    newId,
  };
}

function wireNodes(
  foundation: Foundation,
  later: Pick<NodeParts, 'takeBack' | 'onNodeReady' | 'onNodeGone'>,
): NodeParts {
  const { settings, events, keyring, registry, leases } = foundation;
  const { db, clock, newId, config, machineId } = settings;
  return {
    db,
    clock,
    newId,
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
    ...deadLetterRoutes(jobs, logs),
    ...queueRoutes({
      ...{ db, clock, events, board: dispatch.queues, order: jobs.ordering.mode },
      lanes: jobs.lanes.all,
      running: () => runningByClass(jobs),
      onOpened: dispatch.rouse,
    }),
    ...receiptRoutes(readJob),
    ...nodeRoutes(nodes),
    ...dispatchRoutes(dispatch),
    ...keyRoutes({ db, clock, keyring, events, caFingerprint: tls?.caFingerprint ?? null }),
  ];
}

/** Memory from the store after a start: classes, lanes, and every live lease with a full term before any sweep. */
async function restore(parts: DispatchParts): Promise<void> {
  const { read } = parts.jobs.db;
  await readLanes(read, parts.jobs.lanes);
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

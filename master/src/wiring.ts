import type { Clock, Timers } from '@ffrtmp/runtime/clock';
import { classify } from '@ffrtmp/shared/node/classification';
import { timingFor } from '@ffrtmp/shared/node/timing';
import type { Logger } from 'pino';
import type { MasterConfig } from './config.ts';
import type { Database } from './database/open.ts';
import { freeOn } from './dispatch/capacity.ts';
import type { Leases } from './dispatch/leases.ts';
import { createLook } from './dispatch/look.ts';
import { createOrders } from './dispatch/orders.ts';
import type { DispatchParts } from './dispatch/parts.ts';
import { createReservations } from './dispatch/reservations.ts';
import { createWaiters } from './dispatch/waiters.ts';
import { createWaking } from './dispatch/waking.ts';
import type { EventLog } from './events/log.ts';
import type { MasterMetrics } from './exporters/metrics.ts';
import type { Library } from './files/library.ts';
import type { TlsIdentity } from './http/listen.ts';
import type { AttemptPower } from './jobs/attempt-power.ts';
import { createLanes, type Lanes } from './jobs/lanes.ts';
import { createLogStore } from './jobs/logs.ts';
import type { JobParts } from './jobs/parts.ts';
import { createProgressBoard, type ProgressBoard } from './jobs/progress.ts';
import { createTransitions } from './jobs/transition.ts';
import { signingSecret } from './keys/first-start.ts';
import type { Keyring } from './keys/keyring.ts';
import { createLeaseTokens } from './keys/secrets.ts';
import { revokeNodeKeys } from './keys/store.ts';
import type { NodeParts } from './nodes/parts.ts';
import { createNodeLedger } from './nodes/power.ts';
import type { LiveNode, Registry } from './nodes/registry.ts';
import type { Pricing } from './pricing/pricing.ts';
import type { QueueBoard } from './queues/board.ts';
import { describedBy, energyOnNode } from './receipts/node-energy.ts';
import type { Alarm } from './recovery/alarm.ts';
import { takeBack } from './recovery/sweep.ts';
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

/** What has a life of its own; everything else is wired from it. */
export interface Foundation {
  settings: MasterSettings;
  events: EventLog;
  keyring: Keyring;
  library: Library;
  leases: Leases;
  registry: Registry;
  queues: QueueBoard;
  metrics: MasterMetrics;
  power: AttemptPower;
  pricing: Pricing;
  alarm: Alarm;
  accepting: () => boolean;
}

/** Dispatch, jobs and nodes, each given the parts it needs of the others. */
export function wireDispatch(foundation: Foundation): DispatchParts {
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
    onLeased: foundation.metrics.leased,
    onLeasesChanged: () => alarm.poke(config.lease),
    accepting: foundation.accepting,
  };
  return dispatch;
}

/** What prices look at of a node. */
const pricedNode = (node: LiveNode | undefined) =>
  node ? { ...node.placement, name: node.row.name, type: classify(node.facts) } : null;

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
    transitions: createTransitions({ clock, events, lanes, onAttempt: foundation.metrics.moved }),
    watch: foundation.metrics,
    power: foundation.power,
    pricing: { ...foundation.pricing, nodeOf: (id) => pricedNode(registry.get(id)) },
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
  const { settings, events, keyring, registry, leases, power } = foundation;
  const { db, clock, log, newId, config, machineId } = settings;
  const ledger = createNodeLedger({ db, clock, log, keepMs: config.keepEnergy });
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
    ledger,
    async energyOf({ row, facts }, asked) {
      await ledger.flush(row.id);
      const running = leases.ofNode(row.id).flatMap(({ attemptId }) => power.of(attemptId));
      const detailOf = describedBy(facts.power_sources);
      return energyOnNode({ read: db.read, now: clock.now(), running, detailOf }, row.id, asked);
    },
    ...later,
  };
}

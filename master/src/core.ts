import { createLeases, leaseOf } from './dispatch/leases.ts';
import { readLanes } from './dispatch/look.ts';
import type { DispatchParts } from './dispatch/parts.ts';
import { dispatchRoutes } from './dispatch/routes.ts';
import { createEventLog } from './events/log.ts';
import { eventRoutes } from './events/routes.ts';
import { createMetrics, type MasterMetrics } from './exporters/metrics.ts';
import { type Library, openLibrary } from './files/library.ts';
import type { Handler } from './http/serve.ts';
import { systemRoutes } from './http/system.ts';
import { loadAttemptPower } from './jobs/attempt-power.ts';
import { deadLetterRoutes } from './jobs/dead-letters.ts';
import type { Lanes } from './jobs/lanes.ts';
import { findJob, jobRoutes } from './jobs/routes.ts';
import { allClasses, jobBySeq, liveAttempts, taskById } from './jobs/store.ts';
import { viewAttempts, viewJob, viewTasks } from './jobs/view.ts';
import { runningByClass } from './jobs/why.ts';
import { type FirstSecrets, firstStart } from './keys/first-start.ts';
import { type Keyring, loadKeyring } from './keys/keyring.ts';
import { keyRoutes } from './keys/routes.ts';
import { loadRegistry } from './nodes/registry.ts';
import { nodeRoutes } from './nodes/routes.ts';
import { openPricing, type Pricing } from './pricing/pricing.ts';
import { loadQueues } from './queues/board.ts';
import { queueRoutes } from './queues/routes.ts';
import { type ReadJob, receiptRoutes } from './receipts/routes.ts';
import { startAlarm } from './recovery/alarm.ts';
import { createRetention, type Retention } from './recovery/retention.ts';
import { nextDueMs, sweep, tidy } from './recovery/sweep.ts';
import { type Foundation, type MasterSettings, wireDispatch } from './wiring.ts';

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
  /** Asks for the live value of the grid; null where no API is set. */
  refreshGrid: Pricing['refresh'];
  /** Retention: deletes what nobody keeps any longer. */
  prune: Retention['runOnce'];
  /** Stops handing out work and ends parked claims; open requests finish. */
  drain: () => void;
  /** Ends its timers and parked claims. */
  stop: () => void;
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
  const metrics = await createMetrics({ db, dataDir, clock, nodes: registry, events, dispatch: () => dispatch });
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
    power: await loadAttemptPower(db, clock),
    pricing: await openPricing({ config, db, clock, fetch: globalThis.fetch }),
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
    refreshGrid: foundation.pricing.refresh,
    prune: createRetention({
      ...{ db, clock, timers, log, library, rules: config },
      ...{ logs: dispatch.logs, onPruned: metrics.pruned },
    }).runOnce,
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

function allRoutes({ settings, events, keyring, accepting }: Foundation, dispatch: DispatchParts): Handler[] {
  const { db, clock, timers, tls } = settings;
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
    ...receiptRoutes({ readJob, read: db.read, timers, clock, nodeName: jobs.nodeName }),
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

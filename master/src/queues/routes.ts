import type { Clock } from '@ffrtmp/runtime/clock';
import { type QueueState, queueOperations } from '@ffrtmp/shared/contract/queues';
import { priorities, type Queue, type QueueOrder, queues } from '@ffrtmp/shared/job/job';
import type { Committer } from '../database/commit.ts';
import type { EventLog } from '../events/log.ts';
import { type Handler, handle } from '../http/serve.ts';
import type { Lane } from '../scheduling/choose.ts';
import type { RequirementClass } from '../scheduling/fits.ts';
import type { QueueBoard, QueueRules } from './board.ts';
import { freeRules, rulesOf } from './board.ts';
import { putQueue, queueByName } from './store.ts';

export interface QueueParts {
  db: Committer;
  clock: Clock;
  events: EventLog;
  board: QueueBoard;
  order: QueueOrder;
  lanes: () => Iterable<Lane>;
  /** Live attempts by tenant and class. */
  running: () => Promise<{ tenantId: string; class: RequirementClass | undefined; count: number }[]>;
  /** Work of this queue may start again: parked nodes look. */
  onOpened: () => void;
}

async function change(parts: QueueParts, tenant: string, name: Queue, wanted: Partial<QueueRules>, event: string) {
  await parts.db.write(async (tx) => {
    const [row] = await tx.run(queueByName, { tenant, name });
    const rules = { ...(row ? rulesOf(row) : freeRules), ...wanted };
    const { maxRunning, maxQueued } = rules;
    await tx.run(putQueue, { tenant, name, paused: Number(rules.paused), maxRunning, maxQueued });
    parts.events.append(tx, { tenantId: tenant, kind: 'queue', to: event, reason: name });
    tx.afterCommit(() => {
      parts.board.set(tenant, name, rules);
      parts.onOpened();
    });
  });
}

/** The queues of a tenant, from the lanes and the live attempts: no query counts what waits. */
async function states(parts: QueueParts, tenant: string): Promise<QueueState[]> {
  const mine = [...parts.lanes()].filter((lane) => lane.tenantId === tenant);
  const live = (await parts.running()).filter((one) => one.tenantId === tenant);
  return queues.map((queue) => {
    const rules = parts.board.rules(tenant, queue);
    const waiting = mine.filter((lane) => lane.class.queue === queue && lane.ready > 0);
    const running = live.filter((one) => one.class?.queue === queue);
    const oldest = Math.min(...waiting.map((lane) => lane.headSince));
    const byPriority = priorities.map((priority) => ({
      priority,
      ready: sum(waiting.filter((lane) => lane.class.priority === priority).map((lane) => lane.ready)),
      running: sum(running.filter((one) => one.class?.priority === priority).map((one) => one.count)),
    }));
    return {
      queue,
      paused: rules.paused,
      max_running: rules.maxRunning,
      max_queued: rules.maxQueued,
      ready: sum(byPriority.map((one) => one.ready)),
      running: sum(byPriority.map((one) => one.running)),
      oldest_wait_s: Number.isFinite(oldest) ? Math.max(0, (parts.clock.now() - oldest) / 1000) : null,
      priorities: byPriority,
    };
  });
}

const sum = (counts: readonly number[]) => counts.reduce((total, count) => total + count, 0);

export function queueRoutes(parts: QueueParts): Handler[] {
  const stateOf = async (tenant: string, name: Queue) => {
    const found = (await states(parts, tenant)).find((one) => one.queue === name);
    if (!found) throw new Error(`queue ${name} is not one of the queues`);
    return found;
  };
  return [
    handle(queueOperations.list, async ({ caller }) => ({
      order: parts.order,
      queues: await states(parts, caller.tenantId),
    })),
    handle(queueOperations.update, async ({ params, body, caller }) => {
      const wanted: Partial<QueueRules> = {};
      if (body.max_running !== undefined) wanted.maxRunning = body.max_running;
      if (body.max_queued !== undefined) wanted.maxQueued = body.max_queued;
      await change(parts, caller.tenantId, params.queue, wanted, 'capped');
      return stateOf(caller.tenantId, params.queue);
    }),
    handle(queueOperations.pause, async ({ params, caller }) => {
      await change(parts, caller.tenantId, params.queue, { paused: true }, 'paused');
      return stateOf(caller.tenantId, params.queue);
    }),
    handle(queueOperations.resume, async ({ params, caller }) => {
      await change(parts, caller.tenantId, params.queue, { paused: false }, 'resumed');
      return stateOf(caller.tenantId, params.queue);
    }),
  ];
}

import type { Queue } from '@ffrtmp/shared/job/job';
import type { Transaction } from '../database/commit.ts';
import type { KnownLane } from '../jobs/lanes.ts';
import { liveByClass } from '../jobs/store.ts';
import { diskFreeMb, type LiveNode } from '../nodes/registry.ts';
import { hasDisk } from '../scheduling/fits.ts';
import type { DispatchParts } from './parts.ts';

/** Which lanes may be served at all now. */
export interface Gate {
  lets: (lane: KnownLane) => boolean;
  /** One of the lane's tasks was handed out. */
  took: (lane: KnownLane) => void;
}

/** May a node be kept free for the head of a lane? Only one that could run it as soon as it is empty enough. */
export function couldHold(parts: DispatchParts, lane: KnownLane, node: LiveNode): boolean {
  const { registry } = parts.nodes;
  const works = registry.isOnline(node) && node.row.draining === 0 && hasDisk(lane.class.requirement, diskFreeMb(node));
  const starts = !parts.jobs.queueRules(lane.tenantId, lane.class.queue).paused;
  return works && starts && parts.jobs.lanes.fits(lane.classId, node.placement);
}

/**
 * Pauses and caps of queues, and the node's disk. What runs is counted from the rows, and only where a cap is set; a task
 * for which a node is kept counts too, or small ones would take every place below the cap before it.
 */
export async function openGate(parts: DispatchParts, tx: Transaction, node: LiveNode): Promise<Gate> {
  const { lanes, queueRules } = parts.jobs;
  const running = new Map<string, number>();
  const keyOf = (tenantId: string, queue: Queue | undefined) => `${queue}/${tenantId}`;
  const add = (key: string, count: number) => running.set(key, (running.get(key) ?? 0) + count);
  const kept = new Set<string>();
  if (parts.queues.capped()) {
    for (const row of await tx.run(liveByClass)) add(keyOf(row.tenant_id, lanes.of(row.class_id)?.queue), row.count);
    for (const lane of parts.reservations.lanes()) {
      add(keyOf(lane.tenantId, lane.class.queue), 1);
      kept.add(lane.key);
    }
  }
  const freeMb = diskFreeMb(node);
  const below = (lane: KnownLane, maxRunning: number) =>
    (running.get(keyOf(lane.tenantId, lane.class.queue)) ?? 0) - Number(kept.has(lane.key)) < maxRunning;
  return {
    lets(lane) {
      const { paused, maxRunning } = queueRules(lane.tenantId, lane.class.queue);
      if (paused || (maxRunning !== null && !below(lane, maxRunning))) return false;
      return hasDisk(lane.class.requirement, freeMb);
    },
    took: ({ tenantId, class: { queue } }) => add(keyOf(tenantId, queue), 1),
  };
}

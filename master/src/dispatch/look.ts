import type { Run } from '../database/statement.ts';
import { type Lanes, laneKey } from '../jobs/lanes.ts';
import { allClasses, nextLane, readyLanes } from '../jobs/store.ts';
import type { QueueBoard } from '../queues/board.ts';
import { fromCanonical } from '../scheduling/fits.ts';

/** An idle node asks every 25 s; ten thousand of them must not read the lanes each time. */
const LOOK_EVERY_MS = 1000;

/** Steps from lane to lane over the ready index: one seek each, however many tasks they hold. */
async function readHeads(read: Run, lanes: Lanes): Promise<void> {
  let at = { classId: 0, tenant: '' };
  for (;;) {
    const [head] = await read(nextLane, at);
    if (!head) return;
    lanes.restore({ classId: head.class_id, tenantId: head.tenant_id, headOrd: head.ord, headSince: head.queued_at });
    at = { classId: head.class_id, tenant: head.tenant_id };
  }
}

/** What memory holds of classes, lanes and queue rules, from the store: at start with counts. */
export async function readLanes(read: Run, lanes: Lanes): Promise<void> {
  for (const row of await read(allClasses)) lanes.defineClass(row.id, fromCanonical(row.body));
  await readHeads(read, lanes);
  const heads = new Map([...lanes.all()].map((lane) => [lane.key, lane]));
  for (const row of await read(readyLanes)) {
    const lane = heads.get(laneKey(row.class_id, row.tenant_id));
    if (lane) lanes.restore({ ...lane, ready: row.ready });
  }
}

/**
 * The look of an empty claim: new classes, lanes that somebody else filled, rules that somebody else changed. Where this
 * master alone writes the store, memory knows it all and nothing is read.
 */
export function createLook(parts: {
  read: Run;
  lanes: Lanes;
  queues: QueueBoard;
  nowMs: () => number;
  /** Other masters may write to the store. */
  shared: boolean;
}) {
  let nextMs = 0;
  return async (): Promise<void> => {
    if (!parts.shared || parts.nowMs() < nextMs) return;
    nextMs = parts.nowMs() + LOOK_EVERY_MS;
    for (const row of await parts.read(allClasses))
      if (!parts.lanes.of(row.id)) parts.lanes.defineClass(row.id, fromCanonical(row.body));
    await readHeads(parts.read, parts.lanes);
    await parts.queues.reload();
  };
}

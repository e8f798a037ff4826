import type { Queue } from '@ffrtmp/shared/job/job';
import type { Run } from '../database/statement.ts';
import { allQueues, tenantWeights } from './store.ts';

/** What somebody decided about a tenant's queue. */
export interface QueueRules {
  paused: boolean;
  maxRunning: number | null;
  maxQueued: number | null;
}

export const freeRules: QueueRules = { paused: false, maxRunning: null, maxQueued: null };

export const rulesOf = (row: {
  paused: number;
  max_running: number | null;
  max_queued: number | null;
}): QueueRules => ({
  paused: row.paused === 1,
  maxRunning: row.max_running,
  maxQueued: row.max_queued,
});

/** Rules and weights in memory, so that a claim asks no query for them. The rows decide; `reload` reads them again. */
export interface QueueBoard {
  rules: (tenantId: string, queue: Queue) => QueueRules;
  /** Is any queue capped at all? Only then a claim counts what runs. */
  capped: () => boolean;
  weight: (tenantId: string) => number;
  set: (tenantId: string, queue: Queue, rules: QueueRules) => void;
  reload: () => Promise<void>;
}

const keyOf = (tenantId: string, queue: Queue) => `${queue}/${tenantId}`;

export async function loadQueues(read: Run): Promise<QueueBoard> {
  let byKey = new Map<string, QueueRules>();
  let weights = new Map<string, number>();
  const board: QueueBoard = {
    // Asked for every lane of every claim; most masters have no rules at all.
    rules: (tenantId, queue) => (byKey.size === 0 ? freeRules : (byKey.get(keyOf(tenantId, queue)) ?? freeRules)),
    capped: () => [...byKey.values()].some((rules) => rules.maxRunning !== null),
    weight: (tenantId) => weights.get(tenantId) ?? 1,
    set: (tenantId, queue, rules) => byKey.set(keyOf(tenantId, queue), rules),
    async reload() {
      const rows = await read(allQueues);
      const tenants = await read(tenantWeights);
      byKey = new Map(rows.map((row) => [keyOf(row.tenant_id, row.name), rulesOf(row)]));
      weights = new Map(tenants.map((row) => [row.id, row.weight]));
    },
  };
  await board.reload();
  return board;
}

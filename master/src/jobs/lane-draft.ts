import type { Queue } from '@ffrtmp/shared/job/job';
import { choose, groupOf } from '../scheduling/choose.ts';
import { costOf, type TenantClocks, tenantClocks } from '../scheduling/fairness.ts';
import type { Ordering } from '../scheduling/rank.ts';
import type { KnownLane } from './lanes.ts';

/** The oldest ready task of a lane, as the index has it. */
export interface LaneHead {
  ord: number;
  since: number;
}

/**
 * The lanes as the claims of one transaction leave them. Several claims share a commit, and each has to see what the
 * others took; memory itself changes only after the commit.
 */
export interface LaneDraft {
  /** Lanes with ready tasks. Worked out once a transaction: its claims may be hundreds, and so may the lanes. */
  open: () => readonly KnownLane[];
  /** The next lane to serve among `open`. */
  next: (open: readonly KnownLane[], ordering: Ordering, nowMs: number) => KnownLane | undefined;
  /** What the index says of a lane now; `undefined`: it is empty. Returns the lane as the draft has it from now on. */
  seen: (lane: KnownLane, head: LaneHead | undefined) => KnownLane;
  /** A task of the lane was handed out: its tenant's turn moves on. */
  served: (lane: KnownLane, threads: number, weight: number) => void;
  /** Tasks that this transaction has put into a tenant's queue so far. */
  announced: (tenantId: string, queue: Queue) => number;
  announce: (tenantId: string, queue: Queue, count: number) => void;
  merge: () => void;
}

export function createDraft(lanes: ReadonlyMap<string, KnownLane>, ground: TenantClocks): LaneDraft {
  const changed = new Map<string, KnownLane>();
  const clocks = tenantClocks(ground);
  const coming = new Map<string, number>();
  let open: KnownLane[] | undefined;
  return {
    open() {
      open ??= [...lanes.values()].filter((lane) => lane.ready > 0);
      return open;
    },
    next: (open, ordering, nowMs) => choose(open, ordering, clocks, nowMs) as KnownLane | undefined,
    seen(lane, head) {
      const end = Number.POSITIVE_INFINITY;
      const ready = head ? Math.max(1, lane.ready) : 0;
      const now = { ...lane, ready, headOrd: head?.ord ?? end, headSince: head?.since ?? end, exact: true };
      const at = open?.indexOf(changed.get(lane.key) ?? lane) ?? -1;
      changed.set(lane.key, now);
      if (open && at >= 0) {
        open[at] = now;
        // Left out of a new list: somebody may be walking over this one.
        if (ready === 0) open = open.filter((one) => one !== now);
      }
      return now;
    },
    served(lane, threads, weight) {
      clocks.served(groupOf(lane), lane.tenantId, costOf(threads), weight);
    },
    announced: (tenantId, queue) => coming.get(`${queue}/${tenantId}`) ?? 0,
    announce(tenantId, queue, count) {
      const key = `${queue}/${tenantId}`;
      coming.set(key, (coming.get(key) ?? 0) + count);
    },
    merge() {
      clocks.merge();
      for (const { key, ready, headOrd, headSince } of changed.values()) {
        const lane = lanes.get(key);
        if (!lane) continue;
        // Counts follow the transitions; only an index that was seen empty overrules them.
        if (ready === 0) lane.ready = 0;
        Object.assign(lane, { headOrd, headSince, exact: true });
      }
    },
  };
}

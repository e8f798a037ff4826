import { rankOf } from '@ffrtmp/shared/job/job';
import type { RequirementClass } from './fits.ts';
import { type Ordering, rankNow } from './rank.ts';

/** Ready tasks of one class and tenant, FIFO by `ord`. What memory holds of it is a hint; the index decides. */
export interface Lane {
  classId: number;
  tenantId: string;
  class: RequirementClass;
  ready: number;
  /** `ord` of the oldest ready task, as far as known. */
  headOrd: number;
  /** Since when that task waits, wall clock. */
  headSince: number;
}

/**
 * Start-time fair queueing between tenants, per queue and priority: each task served moves its tenant's clock on by
 * cost / weight, and the tenant with the earliest clock is next. A tenant that comes back after a pause starts at the
 * clock of the one served last: nobody saves up, nobody is starved.
 */
export interface Fairness {
  /** The tenant's clock in this group of lanes, never before the group's own. */
  clockOf: (group: string, tenantId: string) => number;
}

export const groupOf = (lane: Lane) => `${lane.class.queue}/${lane.class.priority}`;

/**
 * The lane to serve next among those that may be served: the best rank; within a queue and priority the tenant whose
 * turn it is; then first come, first served. Waiting lifts a queue and priority as a whole, so that a tenant with old
 * work cannot use its age against the others. Pure.
 */
export function choose(lanes: Iterable<Lane>, ordering: Ordering, fairness: Fairness, nowMs: number): Lane | undefined {
  const groups: Lane[][] = [];
  for (const lane of lanes) {
    const at = rankOf(lane.class.queue, lane.class.priority);
    const group = groups[at];
    if (group) group.push(lane);
    else groups[at] = [lane];
  }
  let best: { group: Lane[]; rank: number; since: number } | undefined;
  for (const group of groups) {
    if (!group) continue;
    const { class: place, headSince, headOrd: since } = oldestOf(group);
    const rank = rankNow(ordering, place.queue, place.priority, nowMs - headSince);
    if (!best || rank < best.rank || (rank === best.rank && since < best.since)) best = { group, rank, since };
  }
  return best && fairest(best.group, fairness);
}

function oldestOf(group: readonly Lane[]): Lane {
  let oldest = group[0] as Lane;
  for (const lane of group) {
    const older = lane.headSince - oldest.headSince || lane.headOrd - oldest.headOrd;
    if (older < 0) oldest = lane;
  }
  return oldest;
}

/** The lane of the tenant whose turn it is. Only the group to be served is asked for its clocks: lanes may be hundreds. */
function fairest(group: readonly Lane[], fairness: Fairness): Lane {
  let first = group[0] as Lane;
  const key = groupOf(first);
  let firstClock = fairness.clockOf(key, first.tenantId);
  for (const lane of group) {
    const clock = fairness.clockOf(key, lane.tenantId);
    if (clock < firstClock || (clock === firstClock && lane.headOrd < first.headOrd)) {
      first = lane;
      firstClock = clock;
    }
  }
  return first;
}

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

const placeOf = ({ class: { queue, priority } }: Lane) => rankOf(queue, priority);

/**
 * The lane to serve next among those that may be served: the best rank; within a queue and priority the tenant whose
 * turn it is; then first come, first served. Waiting lifts a queue and priority as a whole, so that a tenant with old
 * work cannot use its age against the others. Pure.
 */
export function choose(
  lanes: readonly Lane[],
  ordering: Ordering,
  fairness: Fairness,
  nowMs: number,
): Lane | undefined {
  const oldest: (Lane | undefined)[] = [];
  for (const lane of lanes) {
    const before = oldest[placeOf(lane)];
    if (!before || isOlder(lane, before)) oldest[placeOf(lane)] = lane;
  }
  let best: { lane: Lane; rank: number } | undefined;
  for (const lane of oldest) {
    if (!lane) continue;
    const rank = rankNow(ordering, lane.class.queue, lane.class.priority, nowMs - lane.headSince);
    if (!best || rank < best.rank || (rank === best.rank && lane.headOrd < best.lane.headOrd)) best = { lane, rank };
  }
  return best && fairest(lanes, best.lane, fairness);
}

const isOlder = (lane: Lane, than: Lane) =>
  lane.headSince < than.headSince || (lane.headSince === than.headSince && lane.headOrd < than.headOrd);

/**
 * The lane of the tenant whose turn it is, in the queue and priority of `among`. Only those are asked for their clocks:
 * lanes may be hundreds.
 */
function fairest(lanes: readonly Lane[], among: Lane, fairness: Fairness): Lane {
  const place = placeOf(among);
  const key = groupOf(among);
  let first = among;
  let firstClock = fairness.clockOf(key, first.tenantId);
  for (const lane of lanes) {
    if (placeOf(lane) !== place) continue;
    const clock = fairness.clockOf(key, lane.tenantId);
    if (clock < firstClock || (clock === firstClock && lane.headOrd < first.headOrd)) {
      first = lane;
      firstClock = clock;
    }
  }
  return first;
}

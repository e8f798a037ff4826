import { rankOf } from '@ffrtmp/shared/job/job';
import { fits, type NodeFacts, type RequirementClass } from './fits.ts';

/** Ready tasks of one class and tenant, FIFO by `ord`. What memory holds of it is a hint; the index decides. */
export interface Lane {
  classId: number;
  tenantId: string;
  class: RequirementClass;
  ready: number;
  /** `ord` of the oldest ready task, as far as known. */
  headOrd: number;
}

/** Lanes this node may take from, in strict order: queue, priority, then the oldest head first. */
export function choose(lanes: Iterable<Lane>, node: NodeFacts): Lane[] {
  const open: Lane[] = [];
  for (const lane of lanes) {
    if (lane.ready > 0 && fits(lane.class.requirement, node)) open.push(lane);
  }
  return open.sort((a, b) => rank(a) - rank(b) || a.headOrd - b.headOrd);
}

const rank = (lane: Lane) => rankOf(lane.class.queue, lane.class.priority);

import { choose, type Lane } from '../scheduling/choose.ts';
import { canonical, fits, type NodeFacts, type RequirementClass } from '../scheduling/fits.ts';

/** What a mutation changed in a lane; applied after its commit. */
export interface LaneChange {
  classId: number;
  tenantId: string;
  ord: number;
  delta: 1 | -1;
  /** The node that just failed or lost the task, and should not be the one that is woken for it. */
  avoidNodeId?: string | null;
}

/**
 * Which classes have ready tasks, for whom, and since when: memory's hint for a claim, rebuilt from the ready index at
 * start. A claim that finds a lane empty corrects it, so a wrong hint costs a look, never a job.
 */
export interface Lanes {
  defineClass: (classId: number, facts: RequirementClass) => void;
  classId: (facts: RequirementClass) => number | undefined;
  apply: (change: LaneChange) => void;
  /** At start: what the ready index says. */
  restore: (classId: number, tenantId: string, ready: number, headOrd: number) => void;
  /** After a look into the index: the head that is left, or none. */
  correct: (lane: Lane, nextOrd: number | undefined) => void;
  open: (node: NodeFacts) => Lane[];
  /** Counts tasks that became ready: whoever looked before the count changed has to look again before it waits. */
  arrivals: () => number;
  of: (classId: number) => RequirementClass | undefined;
  fits: (classId: number, node: NodeFacts) => boolean;
}

export function createLanes(onReady: (classId: number, avoidNodeId: string | null) => void): Lanes {
  const classes = new Map<number, RequirementClass>();
  const idOf = new Map<string, number>();
  const lanes = new Map<string, Lane>();
  let arrivals = 0;

  function laneFor(classId: number, tenantId: string): Lane {
    const key = `${classId}/${tenantId}`;
    const known = lanes.get(key);
    if (known) return known;
    const facts = classes.get(classId);
    if (!facts) throw new Error(`class ${classId} was never defined`);
    const lane: Lane = { classId, tenantId, class: facts, ready: 0, headOrd: Number.POSITIVE_INFINITY };
    lanes.set(key, lane);
    return lane;
  }

  return {
    defineClass(classId, facts) {
      classes.set(classId, facts);
      idOf.set(canonical(facts), classId);
    },
    classId: (facts) => idOf.get(canonical(facts)),
    apply({ classId, tenantId, ord, delta, avoidNodeId = null }) {
      const lane = laneFor(classId, tenantId);
      lane.ready = Math.max(0, lane.ready + delta);
      if (delta < 0) return;
      lane.headOrd = Math.min(lane.headOrd, ord);
      arrivals += 1;
      onReady(classId, avoidNodeId);
    },
    restore(classId, tenantId, ready, headOrd) {
      Object.assign(laneFor(classId, tenantId), { ready, headOrd });
    },
    correct(lane, nextOrd) {
      lane.headOrd = nextOrd ?? Number.POSITIVE_INFINITY;
      if (nextOrd === undefined) lane.ready = 0;
      else lane.ready = Math.max(1, lane.ready);
    },
    arrivals: () => arrivals,
    open: (node) => choose(lanes.values(), node),
    of: (classId) => classes.get(classId),
    fits(classId, node) {
      const facts = classes.get(classId);
      return facts !== undefined && fits(facts.requirement, node);
    },
  };
}

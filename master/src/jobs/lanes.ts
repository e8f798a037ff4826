import type { Queue } from '@ffrtmp/shared/job/job';
import type { Transaction } from '../database/commit.ts';
import type { Lane } from '../scheduling/choose.ts';
import { type TenantClocks, tenantClocks } from '../scheduling/fairness.ts';
import { canonical, fits, type NodeFacts, type RequirementClass } from '../scheduling/fits.ts';
import { createDraft, type LaneDraft } from './lane-draft.ts';
import type { TaskRow } from './store.ts';

/** What a mutation changed in a lane; applied after its commit. */
export interface LaneChange {
  classId: number;
  tenantId: string;
  ord: number;
  /** Since when the task waits, wall clock. */
  since: number;
  delta: 1 | -1;
  /** The node that just failed or lost the task, and should not be the one that is woken for it. */
  avoidNodeId?: string | null;
}

/** A task that came into its lane (1) or left it (-1). */
export const laneChange = (
  task: Pick<TaskRow, 'class_id' | 'tenant_id' | 'ord' | 'queued_at' | 'avoid_node_id'>,
  delta: LaneChange['delta'],
): LaneChange => ({
  classId: task.class_id,
  tenantId: task.tenant_id,
  ord: task.ord,
  since: task.queued_at,
  delta,
  avoidNodeId: task.avoid_node_id,
});

/** A lane in memory. `exact` is false once the task that was its head went away by another way than a claim. */
export interface KnownLane extends Lane {
  key: string;
  exact: boolean;
}

/**
 * Which classes have ready tasks, for whom, and since when: memory's hint for a claim, rebuilt from the ready index at
 * start. A claim that finds a lane empty corrects it, so a wrong hint costs a look, never a job.
 */
export interface Lanes {
  defineClass: (classId: number, facts: RequirementClass) => void;
  classId: (facts: RequirementClass) => number | undefined;
  of: (classId: number) => RequirementClass | undefined;
  apply: (change: LaneChange) => void;
  /** At start, and when an empty claim looked again: what the ready index says. */
  restore: (found: { classId: number; tenantId: string; ready?: number; headOrd: number; headSince: number }) => void;
  all: () => Iterable<KnownLane>;
  /** The lanes as the mutations of this transaction leave them; becomes the truth after its commit. */
  draft: (tx: Transaction) => LaneDraft;
  /** Could a node of this kind ever run the class? Worked out once for each kind of node. */
  fits: (classId: number, node: NodeFacts) => boolean;
  /** Ready tasks of a tenant in a queue. */
  readyIn: (tenantId: string, queue: Queue) => number;
  /** Counts tasks that became ready: whoever looked before the count changed has to look again before it waits. */
  arrivals: () => number;
}

/** Kinds of nodes whose eligibility is remembered; a fleet has a handful. */
const MAX_KINDS = 1000;

export const laneKey = (classId: number, tenantId: string) => `${classId}/${tenantId}`;

export function createLanes(onReady: (lane: KnownLane, avoidNodeId: string | null) => void): Lanes {
  const classes = new Map<number, RequirementClass>();
  const idOf = new Map<string, number>();
  const lanes = new Map<string, KnownLane>();
  const clocks = tenantClocks();
  let arrivals = 0;

  function laneFor(classId: number, tenantId: string): KnownLane {
    const key = laneKey(classId, tenantId);
    const known = lanes.get(key);
    if (known) return known;
    const facts = classes.get(classId);
    if (!facts) throw new Error(`class ${classId} was never defined`);
    const end = Number.POSITIVE_INFINITY;
    const lane = { key, classId, tenantId, class: facts, ready: 0, headOrd: end, headSince: end, exact: true };
    lanes.set(key, lane);
    return lane;
  }

  return {
    defineClass(classId, facts) {
      classes.set(classId, facts);
      idOf.set(canonical(facts), classId);
    },
    classId: (facts) => idOf.get(canonical(facts)),
    of: (classId) => classes.get(classId),
    apply({ classId, tenantId, ord, since, delta, avoidNodeId = null }) {
      const lane = laneFor(classId, tenantId);
      lane.ready = Math.max(0, lane.ready + delta);
      if (delta < 0) {
        if (ord === lane.headOrd) lane.exact = false;
        return;
      }
      // The only one that waits is the head, whatever was known of those before it.
      if (ord < lane.headOrd || lane.ready === 1) Object.assign(lane, { headOrd: ord, headSince: since });
      arrivals += 1;
      onReady(lane, avoidNodeId);
    },
    restore({ classId, tenantId, ready, headOrd, headSince }) {
      const lane = laneFor(classId, tenantId);
      // What memory knows to be waiting is exact already; only an empty lane has something to learn.
      if (ready === undefined && lane.ready > 0) return;
      Object.assign(lane, { ready: ready ?? 1, headOrd, headSince, exact: true });
    },
    all: () => lanes.values(),
    draft: draftsOver(lanes, clocks),
    fits: eligibility(classes),
    readyIn(tenantId, queue) {
      let count = 0;
      for (const lane of lanes.values())
        if (lane.tenantId === tenantId && lane.class.queue === queue) count += lane.ready;
      return count;
    },
    arrivals: () => arrivals,
  };
}

function draftsOver(lanes: ReadonlyMap<string, KnownLane>, clocks: TenantClocks): Lanes['draft'] {
  const drafts = new WeakMap<Transaction, LaneDraft>();
  return (tx) => {
    const known = drafts.get(tx);
    if (known) return known;
    const draft = createDraft(lanes, clocks);
    drafts.set(tx, draft);
    tx.afterCommit(draft.merge);
    return draft;
  };
}

function eligibility(classes: ReadonlyMap<number, RequirementClass>): Lanes['fits'] {
  const byKind = new Map<string, Map<number, boolean>>();
  return (classId, node) => {
    const facts = classes.get(classId);
    if (!facts) return false;
    if (byKind.size > MAX_KINDS) byKind.clear();
    const known = byKind.get(node.kind) ?? new Map<number, boolean>();
    if (known.size === 0) byKind.set(node.kind, known);
    const before = known.get(classId);
    if (before !== undefined) return before;
    const answer = fits(facts.requirement, node);
    known.set(classId, answer);
    return answer;
  };
}

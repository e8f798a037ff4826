import type { KnownLane, Lanes } from '../jobs/lanes.ts';
import { booked, type NodeFacts, plus, type Resources } from '../scheduling/fits.ts';
import { type Candidate, mayBackfill, nodeToReserve, nothing, type Reservation } from '../scheduling/reserve.ts';
import type { Leases } from './leases.ts';

interface Kept extends Omit<Reservation, 'beside'> {
  lane: KnownLane;
  /** Monotonic. */
  sinceMs: number;
}

/**
 * Nodes that are kept free for the head of a lane that has waited long and fits nowhere now. In memory alone: after a
 * restart the wait is counted from the row, so a reservation is made again at the next claim.
 */
export interface Reservations {
  /** May a task of this lane that books so much start on the node? `taken` is what this claim has taken already. */
  allows: (node: NodeFacts, lane: KnownLane, wanted: Resources, taken: Resources) => boolean;
  /** Lanes for whose head a node is kept: under a cap that attempt is as good as running. */
  lanes: () => KnownLane[];
  /** Keeps the best of `candidates` for the lane, unless one is kept for it already. */
  consider: (lane: KnownLane, candidates: readonly Candidate[]) => void;
  /** The lane's head has found its place, or nothing waits there any more. */
  release: (laneKey: string) => void;
  /** The lane a node is kept for. */
  laneOf: (nodeId: string) => string | undefined;
  /** Drops reservations of lanes that are empty and of nodes that could not run the lane's head any more. */
  review: (couldRun: (nodeId: string, lane: KnownLane) => boolean) => void;
}

export function createReservations(parts: {
  leases: Leases;
  lanes: Pick<Lanes, 'of' | 'all'>;
  nowMs: () => number;
  onReleased: (nodeId: string) => void;
}): Reservations {
  const byLane = new Map<string, Kept>();
  const byNode = new Map<string, Kept>();

  function release(laneKey: string): void {
    const kept = byLane.get(laneKey);
    if (!kept) return;
    byLane.delete(laneKey);
    byNode.delete(kept.nodeId);
    parts.onReleased(kept.nodeId);
  }

  /** Booked on the node by attempts that began since it is kept. */
  function beside(node: NodeFacts, sinceMs: number): Resources {
    let sum = nothing;
    for (const lease of parts.leases.ofNode(node.id)) {
      const requirement = lease.grantedAtMs >= sinceMs ? parts.lanes.of(lease.classId)?.requirement : undefined;
      if (requirement) sum = plus(sum, booked(requirement, node.total));
    }
    return sum;
  }

  return {
    allows(node, lane, wanted, taken) {
      if (byNode.size === 0) return true;
      const kept = byNode.get(node.id);
      if (!kept || kept.laneKey === lane.key) return true;
      const running = plus(beside(node, kept.sinceMs), taken);
      return mayBackfill({ ...kept, beside: running }, wanted, node.total);
    },
    lanes: () => [...byLane.values()].map((kept) => kept.lane),
    consider(lane, candidates) {
      if (byLane.has(lane.key)) return;
      const unkept = candidates.filter(({ node }) => !byNode.has(node.id));
      const best = nodeToReserve(lane, unkept);
      if (!best) return;
      const need = booked(lane.class.requirement, best.node.total);
      const kept = { lane, laneKey: lane.key, nodeId: best.node.id, need, sinceMs: parts.nowMs() };
      byLane.set(lane.key, kept);
      byNode.set(best.node.id, kept);
    },
    release,
    laneOf: (nodeId) => byNode.get(nodeId)?.laneKey,
    review(couldRun) {
      if (byLane.size === 0) return;
      const waiting = new Set([...parts.lanes.all()].filter((lane) => lane.ready > 0).map((lane) => lane.key));
      for (const { laneKey, nodeId, lane } of [...byLane.values()])
        if (!waiting.has(laneKey) || !couldRun(nodeId, lane)) release(laneKey);
    },
  };
}

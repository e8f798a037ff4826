import type { Lane } from './choose.ts';
import { booked, minus, type NodeFacts, type Resources, within } from './fits.ts';

/**
 * A node that is kept free for the head of a lane. Small work would otherwise fill every gap the moment it opens, and a
 * task that needs most of a machine would wait for ever.
 */
export interface Reservation {
  laneKey: string;
  nodeId: string;
  need: Resources;
  /** Booked by attempts that began since: they may run on beside the task the node is kept for. */
  beside: Resources;
}

export const nothing: Resources = { slots: 0, threads: 0, ramMb: 0, gpuSessions: 0 };

/**
 * May a task that books `wanted` start on a node that is kept for another? Only when both fit side by side on the
 * otherwise empty node: then it delays nothing (backfill). Pure.
 */
export function mayBackfill({ need, beside }: Reservation, wanted: Resources, total: Resources): boolean {
  return within(wanted, minus(minus(total, need), beside));
}

export interface Candidate {
  node: NodeFacts;
  free: Resources;
}

/** Among nodes that could run the lane's head when empty: the one that misses least of it now. Pure. */
export function nodeToReserve(lane: Lane, candidates: readonly Candidate[]): Candidate | undefined {
  const share = (need: number, free: number) => Math.max(0, need - free) / Math.max(1, need);
  const missing = ({ node, free }: Candidate) => {
    const need = booked(lane.class.requirement, node.total);
    const memory = share(need.ramMb, free.ramMb);
    const sessions = share(need.gpuSessions, free.gpuSessions);
    return share(need.threads, free.threads) + share(need.slots, free.slots) + memory + sessions;
  };
  return candidates.toSorted((a, b) => missing(a) - missing(b))[0];
}

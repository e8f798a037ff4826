import type { Transaction } from '../database/commit.ts';
import type { Lanes } from '../jobs/lanes.ts';
import { liveOnNode } from '../jobs/store.ts';
import { booked, minus, type NodeFacts, type Resources } from '../scheduling/fits.ts';
import type { HeldLease, Leases } from './leases.ts';

interface Counted {
  classId: number;
  count: number;
}

function left(lanes: Pick<Lanes, 'of'>, node: NodeFacts, live: readonly Counted[]): Resources {
  let free = node.total;
  for (const { classId, count } of live) {
    const requirement = lanes.of(classId)?.requirement;
    if (!requirement) continue;
    const one = booked(requirement, node.total);
    for (let n = 0; n < count; n += 1) free = minus(free, one);
  }
  return free;
}

/** What a node has free, from the leases in memory: for wake-ups, explanations and pages. */
export const freeOn = (leases: Leases, lanes: Pick<Lanes, 'of'>, node: NodeFacts) =>
  left(
    lanes,
    node,
    leases.ofNode(node.id).map((lease: HeldLease) => ({ classId: lease.classId, count: 1 })),
  );

/** What a node has free, from the rows and within the transaction: two claims of one node may share it. */
export async function freeInStore(tx: Transaction, lanes: Pick<Lanes, 'of'>, node: NodeFacts): Promise<Resources> {
  const rows = await tx.run(liveOnNode, { node: node.id });
  return left(
    lanes,
    node,
    rows.map((row) => ({ classId: row.class_id, count: row.count })),
  );
}

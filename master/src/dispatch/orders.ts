import type { Order } from '@ffrtmp/shared/contract/nodes';

/** Orders wait here until the agent confirms by no longer holding the attempt; each reply repeats what is still open. */
export interface Orders {
  give: (nodeId: string, order: Order) => void;
  open: (nodeId: string) => Order[];
  /** The agent reports which attempts it still holds: orders about others are done. */
  settle: (nodeId: string, held: readonly string[]) => void;
}

export function createOrders(onOrder: (nodeId: string) => void): Orders {
  const byNode = new Map<string, Map<string, Order>>();
  return {
    give(nodeId, order) {
      const open = byNode.get(nodeId) ?? new Map<string, Order>();
      byNode.set(nodeId, open.set(order.attempt_id, order));
      onOrder(nodeId);
    },
    open: (nodeId) => [...(byNode.get(nodeId)?.values() ?? [])],
    settle(nodeId, held) {
      const open = byNode.get(nodeId);
      if (!open) return;
      for (const attemptId of open.keys()) if (!held.includes(attemptId)) open.delete(attemptId);
      if (open.size === 0) byNode.delete(nodeId);
    },
  };
}

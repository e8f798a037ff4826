import type { Timers } from '@ffrtmp/runtime/clock';

/** `replaced`: the node parked again, so this call is one it no longer waits for. */
export type Woken = 'woken' | 'timeout' | 'gone' | 'replaced';

/** Parked claims, one a node at most, oldest first. A new task wakes exactly one that fits; an order wakes its node. */
export interface Waiters {
  /** Parks until woken, timed out or aborted. A second park of the same node replaces the first. */
  park: (nodeId: string, takesWork: boolean, waitMs: number, signal: AbortSignal) => Promise<Woken>;
  wakeOne: (fits: (nodeId: string) => boolean) => boolean;
  wakeNode: (nodeId: string) => void;
  /** Ends the node's parked claim without another look for work. */
  dismiss: (nodeId: string) => void;
  wakeAll: () => void;
  /** Changes with every wake-up of this node that found it not parked: who looked for work meanwhile has to look again. */
  missed: (nodeId: string) => number;
  count: () => number;
}

interface Parked {
  takesWork: boolean;
  settle: (how: Woken) => void;
}

export function createWaiters(timers: Timers): Waiters {
  const parked = new Map<string, Parked>();
  const missedBy = new Map<string, number>();
  let missedByAll = 0;
  return {
    park(nodeId, takesWork, waitMs, signal) {
      parked.get(nodeId)?.settle('replaced');
      return new Promise((resolve) => {
        const entry: Parked = {
          takesWork,
          settle(how) {
            callOff();
            signal.removeEventListener('abort', gone);
            if (parked.get(nodeId) === entry) parked.delete(nodeId);
            resolve(how);
          },
        };
        const gone = () => entry.settle('gone');
        const callOff = timers.after(waitMs, () => entry.settle('timeout'));
        signal.addEventListener('abort', gone, { once: true });
        parked.set(nodeId, entry);
        if (signal.aborted) gone();
      });
    },
    wakeOne(fits) {
      for (const [nodeId, entry] of parked) {
        if (!entry.takesWork || !fits(nodeId)) continue;
        entry.settle('woken');
        return true;
      }
      return false;
    },
    wakeNode(nodeId) {
      const entry = parked.get(nodeId);
      if (entry) entry.settle('woken');
      else missedBy.set(nodeId, (missedBy.get(nodeId) ?? 0) + 1);
    },
    dismiss: (nodeId) => parked.get(nodeId)?.settle('gone'),
    wakeAll() {
      missedByAll += 1;
      for (const entry of [...parked.values()]) entry.settle('woken');
    },
    missed: (nodeId) => missedByAll + (missedBy.get(nodeId) ?? 0),
    count: () => parked.size,
  };
}

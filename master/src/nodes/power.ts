import type { Clock } from '@ffrtmp/runtime/clock';
import type { NodePower } from '@ffrtmp/shared/node/power';
import type { Logger } from 'pino';
import type { Committer } from '../database/commit.ts';
import { faultOf } from './power-fault.ts';
import { putNodePower } from './power-store.ts';

/** An hour that goes on is written this often: its agent sends all of it again every few seconds. */
const FLUSH_MS = 60_000;
/** Rows of one write: about a millisecond of the loop. */
const BATCH = 100;
/** Complaints that are remembered, so that none is repeated with every heartbeat. */
const MAX_TOLD = 1000;

/**
 * The books of the nodes. An hour that is over is stored before its heartbeat is answered, for the agent then forgets
 * it. One that goes on waits in memory for up to a minute: it is lost only when master and agent are both killed in it.
 */
export interface NodeLedger {
  /**
   * Takes what a heartbeat brought; false when it could not be stored and has to be sent again. An entry that cannot be
   * true is left out and told in the log: it must not end a heartbeat, and sending it again would not mend it. `last`:
   * nothing more comes from this agent, so that nothing waits.
   */
  take: (nodeId: string, entries: readonly NodePower[], last: boolean) => Promise<boolean>;
  /** Writes what waits: of one node, or of all. */
  flush: (nodeId?: string) => Promise<void>;
  /** Writes what waits when a minute has passed. */
  flushDue: () => Promise<void>;
}

interface LedgerParts {
  db: Pick<Committer, 'write'>;
  clock: Clock;
  log: Pick<Logger, 'warn'>;
  keepMs: number | null;
}

interface Waiting {
  nodeId: string;
  entry: NodePower;
}

const keyOf = ({ period, method, scope, run }: NodePower) => `${period} ${method} ${scope.join()} ${run}`;

const rowOf = ({ nodeId, entry: { period, scope, detail: _, open: __, ...entry } }: Waiting) => ({
  ...entry,
  node: nodeId,
  period: Date.parse(period),
  scope: [...scope].sort().join(),
});

export function createNodeLedger({ db, clock, log, keepMs }: LedgerParts): NodeLedger {
  const waiting = new Map<string, Map<string, NodePower>>();
  const told = new Set<string>();
  let flushedMs = clock.monotonicMs();

  function isSound(nodeId: string, entry: NodePower): boolean {
    const fault = faultOf(entry, { now: clock.now(), keepMs });
    if (fault === null) return true;
    const complaint = `${nodeId} ${keyOf(entry)}`;
    if (!told.has(complaint)) log.warn({ node: nodeId, method: entry.method, fault }, 'energy of a node was left out');
    if (told.size >= MAX_TOLD) told.clear();
    told.add(complaint);
    return false;
  }

  function wait(nodeId: string, entry: NodePower): void {
    const own = waiting.get(nodeId) ?? new Map<string, NodePower>();
    const key = keyOf(entry);
    if ((own.get(key)?.seconds ?? -1) < entry.seconds) own.set(key, entry);
    waiting.set(nodeId, own);
  }

  function store(entries: readonly Waiting[]): Promise<void> {
    return db.write(async (tx) => {
      for (const one of entries) await tx.run(putNodePower, rowOf(one));
    });
  }

  /** A later heartbeat may have brought more meanwhile; that goes on waiting. */
  function stored({ nodeId, entry }: Waiting): void {
    const own = waiting.get(nodeId);
    if ((own?.get(keyOf(entry))?.seconds ?? Number.POSITIVE_INFINITY) <= entry.seconds) own?.delete(keyOf(entry));
    if (own?.size === 0) waiting.delete(nodeId);
  }

  async function flush(nodeId?: string): Promise<void> {
    const nodes = nodeId === undefined ? [...waiting.keys()] : [nodeId];
    const all = nodes.flatMap((id) => [...(waiting.get(id)?.values() ?? [])].map((entry) => ({ nodeId: id, entry })));
    for (let from = 0; from < all.length; from += BATCH) {
      const batch = all.slice(from, from + BATCH);
      await store(batch);
      for (const one of batch) stored(one);
    }
  }

  return {
    async take(nodeId, entries, last) {
      const sound = entries.filter((entry) => isSound(nodeId, entry));
      const over = sound.filter((entry) => last || !entry.open).map((entry) => ({ nodeId, entry }));
      for (const entry of sound) if (!last && entry.open) wait(nodeId, entry);
      if (over.length === 0) return true;
      try {
        await store(over);
      } catch (error) {
        // A lease is renewed on a full disk, too: only what could not be written comes again.
        log.warn({ err: error, node: nodeId }, 'energy of a node could not be stored');
        return false;
      }
      for (const one of over) stored(one);
      return true;
    },
    flush,
    async flushDue() {
      if (clock.monotonicMs() - flushedMs < FLUSH_MS) return;
      flushedMs = clock.monotonicMs();
      await flush();
    },
  };
}

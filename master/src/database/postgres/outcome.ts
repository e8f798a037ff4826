import type pg from 'pg';
import { StoreUnreachable } from '../commit.ts';
import { ask } from './connections.ts';

/** The server ends the old connection's process within this many looks, 50 ms apart. */
const MAX_LOOKS = 20;
const LOOK_S = 0.05;

const numberOf = 'SELECT pg_current_xact_id_if_assigned()::text AS xid';
const statusOf = 'SELECT pg_xact_status($1::xid8) AS status';
/** Its client is gone; as long as the server has not noticed, the transaction holds its locks. */
const endOf = 'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_xid = ($1::xid8)::xid';

export interface Outcomes {
  /** Commits and calls `committed` once that is known. False: the connection broke, and is not to be used again. */
  commit: (client: pg.ClientBase, committed: () => void) => Promise<boolean>;
  /** Finds out how a transaction ended whose COMMIT was not answered; throws as long as nobody can tell. */
  settle: () => Promise<void>;
}

/**
 * A connection that breaks in the middle of COMMIT leaves open whether the transaction happened. It is never replayed:
 * the server is asked by its number. Until it answers, nothing else is written, because memory (lanes, leases) follows
 * from the effects of what was committed, in order.
 */
export function createOutcomes(readers: pg.Pool): Outcomes {
  let open: { xid: string; committed: () => void } | undefined;

  async function status(xid: string): Promise<string | null> {
    for (let look = 1; look <= MAX_LOOKS; look += 1) {
      const { rows } = await ask<{ status: string | null }>(readers, statusOf, [xid]);
      const found = rows[0]?.status ?? null;
      if (found !== 'in progress') return found;
      await ask(readers, endOf, [xid]);
      await ask(readers, 'SELECT pg_sleep($1)', [LOOK_S]);
    }
    throw new StoreUnreachable('it has not yet ended a transaction that broke off');
  }

  async function settle(): Promise<boolean> {
    if (!open) return true;
    const { xid, committed } = open;
    const found = await status(xid);
    open = undefined;
    if (found === 'committed') committed();
    return found === 'committed';
  }

  return {
    async commit(client, committed) {
      // This also refuses a transaction that went on after one of its statements had failed: COMMIT would roll it back.
      const { rows } = await ask<{ xid: string | null }>(client, numberOf);
      try {
        await ask(client, 'COMMIT');
      } catch (error) {
        const xid = rows[0]?.xid ?? null;
        if (!(error instanceof StoreUnreachable) || xid === null) throw error;
        open = { xid, committed };
        if (!(await settle())) throw error;
        return false;
      }
      committed();
      return true;
    },
    async settle() {
      await settle();
    },
  };
}

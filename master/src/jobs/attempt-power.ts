import type { Clock } from '@ffrtmp/runtime/clock';
import type { Figure } from '@ffrtmp/shared/energy/figure';
import type { Committer, Transaction } from '../database/commit.ts';
import type { Run } from '../database/statement.ts';
import { deleteAttemptPower, powerOfLive, putAttemptPower } from './power-store.ts';

/** Rows of one write: about a millisecond of the loop. */
const BATCH = 100;

/**
 * What attempts that run have used so far. An agent says so every second; memory holds the latest, and it is written with
 * the chores, every ten seconds, and with whatever ends an attempt that will have no result. After a restart the store
 * knows it up to the latest write.
 */
export interface AttemptPower {
  report: (attemptId: string, figures: readonly Figure[]) => void;
  of: (attemptId: string) => readonly Figure[];
  /** In the transaction in which the master ends an attempt. */
  keep: (tx: Transaction, attemptId: string) => Promise<void>;
  /** In the transaction that stores a result: it says it better. `late`: the attempt had ended before. */
  replace: (tx: Transaction, attemptId: string, late: boolean) => Promise<void>;
  /** Writes what changed since. */
  flush: () => Promise<void>;
}

interface Latest {
  at: number;
  figures: readonly Figure[];
  /** The store has all of it. */
  clean: boolean;
  /** The store may have a row. */
  stored: boolean;
}

const rowOf = (id: string, { at, figures }: Latest) => ({ id, at, body: JSON.stringify(figures) });

export async function loadAttemptPower(
  db: Pick<Committer, 'read' | 'write'>,
  clock: Pick<Clock, 'now'>,
): Promise<AttemptPower> {
  const latest = await restored(db.read);
  return {
    report(attemptId, figures) {
      if (figures.length === 0) return;
      const stored = latest.get(attemptId)?.stored ?? false;
      latest.set(attemptId, { at: clock.now(), figures, clean: false, stored });
    },
    of: (attemptId) => latest.get(attemptId)?.figures ?? [],
    async keep(tx, attemptId) {
      const known = latest.get(attemptId);
      if (known && !known.clean) await tx.run(putAttemptPower, rowOf(attemptId, known));
      tx.afterCommit(() => latest.delete(attemptId));
    },
    async replace(tx, attemptId, late) {
      if (late || latest.get(attemptId)?.stored) await tx.run(deleteAttemptPower, { id: attemptId });
      tx.afterCommit(() => latest.delete(attemptId));
    },
    async flush() {
      const changed = [...latest].filter(([, one]) => !one.clean);
      for (let from = 0; from < changed.length; from += BATCH) {
        const batch = changed.slice(from, from + BATCH);
        // Said before it is so: a result of the same commit has to look.
        for (const [id] of batch) Object.assign(latest.get(id) ?? {}, { stored: true });
        await db.write(async (tx) => {
          for (const [id, one] of batch) await tx.run(putAttemptPower, rowOf(id, one));
        });
        for (const [, one] of batch) one.clean = true;
      }
    },
  };
}

async function restored(read: Run): Promise<Map<string, Latest>> {
  const rows = await read(powerOfLive);
  return new Map(
    rows.map(({ id, at, body }) => [id, { at, figures: JSON.parse(body) as Figure[], clean: true, stored: true }]),
  );
}

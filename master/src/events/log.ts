import type { Clock } from '@ffrtmp/runtime/clock';
import type { Event } from '@ffrtmp/shared/contract/system';
import type { Selectable } from 'kysely';
import { iso } from '../clock.ts';
import type { Transaction } from '../database/commit.ts';
import { insertRows } from '../database/rows.ts';
import { p, type Run, statement } from '../database/statement.ts';
import type { Tables } from '../database/tables.ts';

export interface NewEvent {
  tenantId: string;
  jobId?: string | null;
  taskId?: string | null;
  attemptId?: string | null;
  kind: 'job' | 'task' | 'attempt' | 'node' | 'key' | 'queue';
  from?: string | null;
  to?: string | null;
  reason?: string | null;
  /** Of a job: when it was submitted. Told to listeners, not stored. */
  submittedAt?: number;
}

export type Listener = (event: Event, submittedAt: number | undefined) => void;

/** The one log of what happened: written in the commit of the change itself, told to subscribers after it. */
export interface EventLog {
  /** Gathered and written with the last statements of the transaction, in this order, by a few statements for all. */
  append: (tx: Transaction, event: NewEvent) => void;
  /** Events after `seq`, oldest first, at most a page. */
  after: (seq: number, limit: number) => Promise<Event[]>;
  /** The newest sequence number that is durable. */
  latest: () => Promise<number>;
  subscribe: (listener: Listener) => () => void;
}

const insertEvents = insertRows(
  'events',
  ['tenant_id', 'job_id', 'task_id', 'attempt_id', 'kind', 'from_state', 'to_state', 'reason', 'at'],
  'seq',
);
export const eventsAfter = statement((q) =>
  q.selectFrom('events').selectAll().where('seq', '>', p<number>('seq')).orderBy('seq').limit(p<number>('limit')),
);
export const latestEvent = statement((q) => q.selectFrom('events').select((eb) => eb.fn.max('seq').as('seq')));

export function createEventLog(read: Run, clock: Clock): EventLog {
  const listeners = new Set<Listener>();
  const gathered = new WeakMap<Transaction, Gathered[]>();

  async function write(tx: Transaction, events: readonly Gathered[]): Promise<void> {
    // Whoever appends from here on, in another of the last writes, gathers anew.
    gathered.delete(tx);
    const numbers = await insertEvents(
      tx.run,
      events.map(({ row }) => valuesOf(row)),
    );
    tx.afterCommit(() => {
      if (listeners.size === 0) return;
      for (const [at, { row, submittedAt }] of events.entries()) {
        const told = toEvent(row, numbers[at] ?? 0);
        for (const listener of listeners) listener(told, submittedAt);
      }
    });
  }

  return {
    append(tx, event) {
      const known = gathered.get(tx);
      const events = known ?? [];
      events.push({ row: rowOf(event, clock.now()), submittedAt: event.submittedAt });
      if (known) return;
      gathered.set(tx, events);
      tx.beforeCommit(() => write(tx, events));
    },
    after: async (seq, limit) => (await read(eventsAfter, { seq, limit })).map((row) => toEvent(row, row.seq)),
    latest: async () => (await read(latestEvent))[0]?.seq ?? 0,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

type EventRow = Selectable<Tables['events']>;

interface Gathered {
  row: Omit<EventRow, 'seq'>;
  submittedAt: number | undefined;
}

const rowOf = (event: NewEvent, at: number): Omit<EventRow, 'seq'> => ({
  tenant_id: event.tenantId,
  job_id: event.jobId ?? null,
  task_id: event.taskId ?? null,
  attempt_id: event.attemptId ?? null,
  kind: event.kind,
  from_state: event.from ?? null,
  to_state: event.to ?? null,
  reason: event.reason ?? null,
  at,
});

/** In the order of the columns of `insertEvents`. */
const valuesOf = (row: Omit<EventRow, 'seq'>) => [
  row.tenant_id,
  row.job_id,
  row.task_id,
  row.attempt_id,
  row.kind,
  row.from_state,
  row.to_state,
  row.reason,
  row.at,
];

const toEvent = (row: Omit<EventRow, 'seq'>, seq: number): Event => ({
  seq,
  tenant_id: row.tenant_id,
  job_id: row.job_id,
  task_id: row.task_id,
  attempt_id: row.attempt_id,
  kind: row.kind,
  from: row.from_state,
  to: row.to_state,
  reason: row.reason,
  at: iso(row.at),
});

import type { Event } from '@ffrtmp/shared/contract/system';
import type { Selectable } from 'kysely';
import { type Clock, iso } from '../clock.ts';
import type { Transaction } from '../database/commit.ts';
import { p, type Run, statement } from '../database/statement.ts';
import type { Tables } from '../database/tables.ts';

export interface NewEvent {
  tenantId: string;
  jobId?: string | null;
  taskId?: string | null;
  attemptId?: string | null;
  kind: 'job' | 'task' | 'attempt' | 'node' | 'key';
  from?: string | null;
  to?: string | null;
  reason?: string | null;
}

export type Listener = (event: Event) => void;

/** The one log of what happened: written in the commit of the change itself, told to subscribers after it. */
export interface EventLog {
  append: (tx: Transaction, event: NewEvent) => Promise<void>;
  /** Events after `seq`, oldest first, at most a page. */
  after: (seq: number, limit: number) => Promise<Event[]>;
  /** The newest sequence number that is durable. */
  latest: () => Promise<number>;
  subscribe: (listener: Listener) => () => void;
}

const insertEvent = statement((q) =>
  q
    .insertInto('events')
    .values({
      tenant_id: p('tenant'),
      job_id: p('job'),
      task_id: p('task'),
      attempt_id: p('attempt'),
      kind: p('kind'),
      from_state: p('from'),
      to_state: p('to'),
      reason: p('reason'),
      at: p('at'),
    })
    .returning('seq'),
);
const eventsAfter = statement((q) =>
  q.selectFrom('events').selectAll().where('seq', '>', p<number>('seq')).orderBy('seq').limit(p<number>('limit')),
);
const latestEvent = statement((q) => q.selectFrom('events').select((eb) => eb.fn.max('seq').as('seq')));

export function createEventLog(read: Run, clock: Clock): EventLog {
  const listeners = new Set<Listener>();
  return {
    async append(tx, event) {
      const at = clock.now();
      const values = {
        tenant: event.tenantId,
        job: event.jobId ?? null,
        task: event.taskId ?? null,
        attempt: event.attemptId ?? null,
        kind: event.kind,
        from: event.from ?? null,
        to: event.to ?? null,
        reason: event.reason ?? null,
        at,
      };
      const [row] = await tx.run(insertEvent, values);
      const told = toEvent({
        seq: row?.seq ?? 0,
        tenant_id: values.tenant,
        job_id: values.job,
        task_id: values.task,
        attempt_id: values.attempt,
        kind: values.kind,
        from_state: values.from,
        to_state: values.to,
        reason: values.reason,
        at,
      });
      tx.afterCommit(() => {
        for (const listener of listeners) listener(told);
      });
    },
    after: async (seq, limit) => (await read(eventsAfter, { seq, limit })).map(toEvent),
    latest: async () => (await read(latestEvent))[0]?.seq ?? 0,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

type EventRow = Selectable<Tables['events']>;

const toEvent = ({ from_state, to_state, at, ...row }: EventRow): Event => ({
  ...row,
  from: from_state,
  to: to_state,
  at: iso(at),
});

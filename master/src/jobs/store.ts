import { type Selectable, sql } from 'kysely';
import { p, statement } from '../database/statement.ts';
import type { Tables } from '../database/tables.ts';

export type JobRow = Selectable<Tables['jobs']>;
export type TaskRow = Tables['tasks'];
export type AttemptRow = Tables['attempts'];
export type ArtifactRow = Tables['artifacts'];
/** What a claim looks at before it takes a task. */
export type HeadRow = Pick<TaskRow, 'id' | 'job_seq' | 'ord' | 'queued_at' | 'avoid_node_id'>;

/** A partial index is used only when its condition stands literally in the statement. */
const isClaimable = sql<boolean>`claimable = 1`;
const isLive = sql<boolean>`ended_at is null`;
const waitsForDue = sql<boolean>`state = 'ready' and claimable = 0`;

export const allClasses = statement((q) => q.selectFrom('classes').selectAll());
export const insertClass = statement((q) =>
  q
    .insertInto('classes')
    .values({ body: p('body') })
    .onConflict((on) => on.column('body').doUpdateSet({ body: p('body') }))
    .returning('id'),
);
export const readyLanes = statement((q) =>
  q
    .selectFrom('tasks')
    .select(({ fn }) => ['class_id', 'tenant_id', fn.countAll<number>().as('ready')])
    .where(isClaimable)
    .groupBy(['class_id', 'tenant_id']),
);
/** The head of the first lane behind a class and tenant: step by step all lanes, without counting their tasks. */
export const nextLane = statement((q) =>
  q
    .selectFrom('tasks')
    .select(['class_id', 'tenant_id', 'ord', 'queued_at'])
    .where(isClaimable)
    .where((eb) => eb(eb.refTuple('class_id', 'tenant_id'), '>', eb.tuple(p<number>('classId'), p<string>('tenant'))))
    .orderBy('class_id')
    .orderBy('tenant_id')
    .orderBy('ord')
    .limit(1),
);
/** How many tasks stand before a place in a lane, counted up to a limit. */
export const aheadInLane = statement((q) =>
  q
    .selectFrom((inner) =>
      inner
        .selectFrom('tasks')
        .select('ord')
        .where(isClaimable)
        .where('class_id', '=', p<number>('classId'))
        .where('tenant_id', '=', p<string>('tenant'))
        .where('ord', '<', p<number>('ord'))
        .limit(p<number>('limit'))
        .as('before'),
    )
    .select(({ fn }) => fn.countAll<number>().as('count')),
);

export const jobById = statement((q) => q.selectFrom('jobs').selectAll().where('id', '=', p<string>('id')));
export const jobBySeq = statement((q) => q.selectFrom('jobs').selectAll().where('seq', '=', p<number>('seq')));
export const jobWithBody = statement((q) =>
  q
    .selectFrom('jobs')
    .innerJoin('job_bodies', 'job_seq', 'seq')
    .selectAll('jobs')
    .select('body')
    .where('seq', '=', p<number>('seq')),
);
export const jobBody = statement((q) =>
  q.selectFrom('job_bodies').select('body').where('job_seq', '=', p<number>('seq')),
);
export const setPlace = statement((q) =>
  q
    .updateTable('jobs')
    .set({ queue: p('queue'), priority: p('priority'), deadline: p('deadline') })
    .where('seq', '=', p<number>('seq')),
);
export const jobCounts = statement((q) =>
  q
    .selectFrom('jobs')
    .select(({ fn }) => ['state', fn.countAll<number>().as('count')])
    .groupBy('state'),
);

export const tasksOfJob = statement((q) =>
  q.selectFrom('tasks').selectAll().where('job_seq', '=', p<number>('seq')).orderBy('position'),
);
export const taskById = statement((q) => q.selectFrom('tasks').selectAll().where('id', '=', p<string>('id')));
export const taskBody = statement((q) =>
  q.selectFrom('task_bodies').select('body').where('task_id', '=', p<string>('id')),
);
export const needsOf = statement((q) =>
  q.selectFrom('task_needs').select('needs_id').where('task_id', '=', p<string>('id')),
);
export const dependentsOf = statement((q) =>
  q
    .selectFrom('task_needs')
    .innerJoin('tasks', 'tasks.id', 'task_needs.task_id')
    .selectAll('tasks')
    .where('task_needs.needs_id', '=', p<string>('id')),
);
export const openNeedsOf = statement((q) =>
  q
    .selectFrom('task_needs')
    .innerJoin('tasks', 'tasks.id', 'task_needs.needs_id')
    .select('tasks.id')
    .where('task_needs.task_id', '=', p<string>('id'))
    .where('tasks.state', '!=', 'succeeded'),
);
export const setTaskClass = statement((q) =>
  q
    .updateTable('tasks')
    .set({ class_id: p('classId') })
    .where('id', '=', p<string>('id')),
);
/**
 * The oldest ready tasks of a lane; one more than wanted tells the next head. PostgreSQL locks them until the commit and
 * passes over those that another master is about to take.
 */
export const laneHeads = statement((q, dialect) => {
  const heads = q
    .selectFrom('tasks')
    .select(['id', 'job_seq', 'ord', 'queued_at', 'avoid_node_id'])
    .where(isClaimable)
    .where('class_id', '=', p<number>('classId'))
    .where('tenant_id', '=', p<string>('tenant'))
    .orderBy('ord')
    .limit(p<number>('limit'));
  return dialect === 'postgres' ? heads.forUpdate().skipLocked() : heads;
});
export const dueTasks = statement((q) =>
  q
    .selectFrom('tasks')
    .selectAll()
    .where(waitsForDue)
    .where('due_at', '<=', p<number>('now'))
    .orderBy('due_at')
    .limit(p<number>('limit')),
);
export const earliestDue = statement((q) =>
  q
    .selectFrom('tasks')
    .select(({ fn }) => fn.min<number | null>('due_at').as('due'))
    .where(waitsForDue),
);

export const insertAttempt = statement((q) =>
  q.insertInto('attempts').values({
    id: p('id'),
    task_id: p('task'),
    job_seq: p('seq'),
    tenant_id: p('tenant'),
    number: p('number'),
    node_id: p('node'),
    class_id: p('classId'),
    claim_id: p('claim'),
    state: 'leased',
    cause: null,
    failure_class: null,
    error: null,
    leased_at: p('now'),
    started_at: null,
    ended_at: null,
  }),
);
export const attemptById = statement((q) => q.selectFrom('attempts').selectAll().where('id', '=', p<string>('id')));
export const attemptsOfJob = statement((q) =>
  q.selectFrom('attempts').selectAll().where('job_seq', '=', p<number>('seq')).orderBy('leased_at').orderBy('number'),
);
export const latestAttempt = statement((q) =>
  q
    .selectFrom('attempts')
    .selectAll()
    .where('job_seq', '=', p<number>('seq'))
    .orderBy('leased_at', 'desc')
    .orderBy('number', 'desc')
    .limit(1),
);
export const liveAttempts = statement((q) => q.selectFrom('attempts').selectAll().where('ended_at', 'is', null));
export const liveAttemptOf = statement((q) =>
  q.selectFrom('attempts').selectAll().where('task_id', '=', p<string>('task')).where('ended_at', 'is', null),
);
/** What a node runs, by class: what is booked there. */
export const liveOnNode = statement((q) =>
  q
    .selectFrom('attempts')
    .select(({ fn }) => ['class_id', fn.countAll<number>().as('count')])
    .where('node_id', '=', p<string>('node'))
    .where(isLive)
    .groupBy('class_id'),
);
/** What runs at all, by tenant and class. */
export const liveByClass = statement((q) =>
  q
    .selectFrom('attempts')
    .select(({ fn }) => ['tenant_id', 'class_id', fn.countAll<number>().as('count')])
    .where(isLive)
    .groupBy(['tenant_id', 'class_id']),
);
/** Where the latest losses happened; those before a retry by request are forgiven, so `limit` is the task's counter. */
export const lostNodes = statement((q) =>
  q
    .selectFrom('attempts')
    .select('node_id')
    .where('task_id', '=', p<string>('task'))
    .where('state', '=', 'lost')
    .orderBy('number', 'desc')
    .limit(p<number>('limit')),
);
export const resultOf = statement((q) =>
  q.selectFrom('attempt_results').selectAll().where('attempt_id', '=', p<string>('id')),
);
export const insertResult = statement((q) =>
  q.insertInto('attempt_results').values({ attempt_id: p('id'), digest: p('digest'), body: p('body') }),
);
export const insertArtifact = statement((q) =>
  q.insertInto('artifacts').values({
    attempt_id: p('attempt'),
    task_id: p('task'),
    role: p('role'),
    idx: p('index'),
    sha256: p('sha256'),
    bytes: p('bytes'),
    name: p('name'),
  }),
);
export const artifactsOfTask = statement((q) =>
  q.selectFrom('artifacts').selectAll().where('task_id', '=', p<string>('task')).orderBy('role').orderBy('idx'),
);
export const artifactsOfAttempt = statement((q) =>
  q.selectFrom('artifacts').selectAll().where('attempt_id', '=', p<string>('attempt')),
);

export const idempotent = statement((q) =>
  q
    .selectFrom('idempotency')
    .selectAll()
    .where('tenant_id', '=', p<string>('tenant'))
    .where('key', '=', p<string>('key')),
);
export const insertIdempotent = statement((q) =>
  q
    .insertInto('idempotency')
    .values({ tenant_id: p('tenant'), key: p('key'), body_hash: p('hash'), job_seqs: p('seqs'), created_at: p('now') }),
);
export const forgetIdempotent = statement((q) =>
  q.deleteFrom('idempotency').where('created_at', '<', p<number>('before')).returning('key'),
);
export const countRetry = statement((q) =>
  q
    .updateTable('jobs')
    .set((eb) => ({ retry_count: eb('retry_count', '+', 1) }))
    .where('seq', '=', p<number>('seq')),
);

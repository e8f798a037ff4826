import { sql } from 'kysely';
import { p, statement } from '../database/statement.ts';

/** A job that has ended but for a task or attempt of it is not touched, whatever made it so. */
const hasOpenTask = sql<boolean>`exists (select 1 from tasks where tasks.job_seq = jobs.seq
  and tasks.state not in ('succeeded', 'failed', 'canceled', 'skipped'))`;
const hasLiveAttempt = sql<boolean>`exists (select 1 from attempts where attempts.job_seq = jobs.seq
  and attempts.ended_at is null)`;

/** Jobs that ended longest ago. PostgreSQL passes over those that somebody else is about to prune or to retry. */
export const jobsEndedBefore = statement((q, dialect) => {
  const jobs = q
    .selectFrom('jobs')
    .select(['seq', 'id', 'tenant_id', 'state', 'completed_at', 'input_sha256'])
    .where('completed_at', '<', p<number>('before'))
    .where((eb) => eb.not(hasOpenTask))
    .where((eb) => eb.not(hasLiveAttempt))
    .orderBy('completed_at')
    .limit(p<number>('limit'));
  return dialect === 'postgres' ? jobs.forUpdate().skipLocked() : jobs;
});
/** With everything that belongs to it but its events. */
export const deleteJob = statement((q) => q.deleteFrom('jobs').where('seq', '=', p<number>('seq')));
export const deleteEventsOf = statement((q) => q.deleteFrom('events').where('job_id', '=', p<string>('job')));

export const attemptIdsOf = statement((q) =>
  q.selectFrom('attempts').select('id').where('job_seq', '=', p<number>('seq')),
);
export const artifactsOfJob = statement((q) =>
  q
    .selectFrom('attempts')
    .innerJoin('artifacts', 'artifacts.attempt_id', 'attempts.id')
    .select('artifacts.sha256')
    .distinct()
    .where('attempts.job_seq', '=', p<number>('seq')),
);

/** The oldest events of no job. */
export const eventsOfNoJob = statement((q) =>
  q
    .selectFrom('events')
    .select(['seq', 'at', 'kind'])
    .where('job_id', 'is', null)
    .where('kind', '!=', 'key')
    .orderBy('seq')
    .limit(p<number>('limit')),
);
export const deleteEvent = statement((q) => q.deleteFrom('events').where('seq', '=', p<number>('seq')));

/** The oldest hour of the nodes' own books. */
export const oldestPower = statement((q) =>
  q.selectFrom('node_power').select('period').where('period', '<', p<number>('before')).orderBy('period').limit(1),
);
export const deletePowerOf = statement((q) => q.deleteFrom('node_power').where('period', '=', p<number>('period')));

/** What became of the attempt behind a log. */
export const fateOfAttempt = statement((q) =>
  q
    .selectFrom('attempts')
    .innerJoin('jobs', 'jobs.seq', 'attempts.job_seq')
    .select(['attempts.ended_at', 'jobs.completed_at'])
    .where('attempts.id', '=', p<string>('id')),
);

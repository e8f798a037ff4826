import { sql } from 'kysely';
import { p, statement } from '../database/statement.ts';

const keyColumns = ['tenant_id', 'dimension', 'day', 'key'] as const;
const key = {
  tenant_id: p<string>('tenant'),
  dimension: p<string>('dimension'),
  day: p<number>('day'),
  key: p<string>('key'),
};

export const addJobs = statement((q) =>
  q
    .insertInto('daily_jobs')
    .values({ ...key, completed: p('completed'), failed: p('failed'), canceled: p('canceled') })
    .onConflict((on) =>
      on.columns([...keyColumns]).doUpdateSet((eb) => ({
        completed: eb('daily_jobs.completed', '+', eb.ref('excluded.completed')),
        failed: eb('daily_jobs.failed', '+', eb.ref('excluded.failed')),
        canceled: eb('daily_jobs.canceled', '+', eb.ref('excluded.canceled')),
      })),
    ),
);
export const addAttempts = statement((q) =>
  q
    .insertInto('daily_attempts')
    .values({
      ...key,
      part: p('part'),
      attempts: p('attempts'),
      seconds: p('seconds'),
      engine_s: p('engine_s'),
      media_s: p('media_s'),
      input_bytes: p('input_bytes'),
      output_bytes: p('output_bytes'),
    })
    .onConflict((on) =>
      on.columns([...keyColumns, 'part']).doUpdateSet((eb) => ({
        attempts: eb('daily_attempts.attempts', '+', eb.ref('excluded.attempts')),
        seconds: eb('daily_attempts.seconds', '+', eb.ref('excluded.seconds')),
        engine_s: eb('daily_attempts.engine_s', '+', eb.ref('excluded.engine_s')),
        media_s: eb('daily_attempts.media_s', '+', eb.ref('excluded.media_s')),
        input_bytes: eb('daily_attempts.input_bytes', '+', eb.ref('excluded.input_bytes')),
        output_bytes: eb('daily_attempts.output_bytes', '+', eb.ref('excluded.output_bytes')),
      })),
    ),
);

/** The rule of `sumFigures` in SQL, so that two writers cannot lose each other's part; a test compares the two. */
const total = sql`coalesce(daily_figures.value, 0) + coalesce(excluded.value, 0)`;
const figureSum = {
  value: sql<
    number | null
  >`case when daily_figures.value is null and excluded.value is null then null else ${total} end`,
  low: sql<number | null>`daily_figures.low + excluded.low`,
  high: sql<number | null>`daily_figures.high + excluded.high`,
  coverage: sql<number>`case
    when ${total} > 0 then (daily_figures.coverage * coalesce(daily_figures.value, 0)
      + excluded.coverage * coalesce(excluded.value, 0)) / (${total})
    when excluded.coverage < daily_figures.coverage then excluded.coverage else daily_figures.coverage end`,
  method: sql<string>`case when daily_figures.method = excluded.method then excluded.method else 'mixed' end`,
  source: sql<string>`case when daily_figures.source = excluded.source then excluded.source else 'several sources' end`,
};
export const addFigure = statement((q) =>
  q
    .insertInto('daily_figures')
    .values({
      ...key,
      part: p('part'),
      name: p('name'),
      scope: p('scope'),
      quality: p('quality'),
      unit: p('unit'),
      method: p('method'),
      value: p('value'),
      low: p('low'),
      high: p('high'),
      coverage: p('coverage'),
      source: p('source'),
    })
    .onConflict((on) => on.columns([...keyColumns, 'part', 'name', 'scope', 'quality']).doUpdateSet(figureSum)),
);

const totalSum = {
  value: sql<number>`daily_totals.value + excluded.value`,
  low: sql<number | null>`daily_totals.low + excluded.low`,
  high: sql<number | null>`daily_totals.high + excluded.high`,
  covered_s: sql<number>`daily_totals.covered_s + excluded.covered_s`,
  seconds: sql<number>`daily_totals.seconds + excluded.seconds`,
  attempts: sql<number>`daily_totals.attempts + excluded.attempts`,
  method: sql<string>`case when daily_totals.method = excluded.method then excluded.method else 'mixed' end`,
  source: sql<string>`case when daily_totals.source = excluded.source then excluded.source else 'several sources' end`,
};
export const addTotal = statement((q) =>
  q
    .insertInto('daily_totals')
    .values({
      ...key,
      part: p('part'),
      name: p('name'),
      scope: p('scope'),
      quality: p('quality'),
      unit: p('unit'),
      method: p('method'),
      value: p('value'),
      low: p('low'),
      high: p('high'),
      covered_s: p('coveredS'),
      seconds: p('seconds'),
      attempts: p('attempts'),
      source: p('source'),
    })
    .onConflict((on) => on.columns([...keyColumns, 'part', 'name', 'scope', 'quality', 'unit']).doUpdateSet(totalSum)),
);

/** Stored sums of a tenant's dimension in a period of whole days. */
export const storedJobs = statement((q) =>
  q
    .selectFrom('daily_jobs')
    .selectAll()
    .where('tenant_id', '=', p<string>('tenant'))
    .where('dimension', '=', p<string>('dimension'))
    .where('day', '>=', p<number>('since'))
    .where('day', '<', p<number>('until')),
);
export const storedAttempts = statement((q) =>
  q
    .selectFrom('daily_attempts')
    .selectAll()
    .where('tenant_id', '=', p<string>('tenant'))
    .where('dimension', '=', p<string>('dimension'))
    .where('day', '>=', p<number>('since'))
    .where('day', '<', p<number>('until')),
);
export const storedFigures = statement((q) =>
  q
    .selectFrom('daily_figures')
    .selectAll()
    .where('tenant_id', '=', p<string>('tenant'))
    .where('dimension', '=', p<string>('dimension'))
    .where('day', '>=', p<number>('since'))
    .where('day', '<', p<number>('until')),
);
export const storedTotals = statement((q) =>
  q
    .selectFrom('daily_totals')
    .selectAll()
    .where('tenant_id', '=', p<string>('tenant'))
    .where('dimension', '=', p<string>('dimension'))
    .where('day', '>=', p<number>('since'))
    .where('day', '<', p<number>('until')),
);
/** Jobs of a tenant that were pruned so far: it rises with every pruning. */
export const prunedJobs = statement((q) =>
  q
    .selectFrom('daily_jobs')
    .select(sql<number>`coalesce(sum(completed + failed + canceled), 0)`.as('count'))
    .where('tenant_id', '=', p<string>('tenant'))
    .where('dimension', '=', 'tenant'),
);

/** Stored figures of one key of a dimension, whatever the tenant: the machine is everybody's. */
export const storedNodeEnergy = statement((q) =>
  q
    .selectFrom('daily_figures')
    .selectAll()
    .where('tenant_id', 'in', (eb) => eb.selectFrom('tenants').select('id'))
    .where('dimension', '=', 'node')
    .where('key', '=', p<string>('node'))
    .where('day', '>=', p<number>('since'))
    .where('day', '<', p<number>('until')),
);
export const storedNodeAttempts = statement((q) =>
  q
    .selectFrom('daily_attempts')
    .select(sql<number>`coalesce(sum(attempts), 0)`.as('count'))
    .where('tenant_id', 'in', (eb) => eb.selectFrom('tenants').select('id'))
    .where('dimension', '=', 'node')
    .where('key', '=', p<string>('node'))
    .where('day', '>=', p<number>('since'))
    .where('day', '<', p<number>('until')),
);

/** Jobs of a tenant that ended in a period, by pages behind the last one's end and number. */
export const endedJobs = statement((q) =>
  q
    .selectFrom('jobs')
    .select(['seq', 'tenant_id', 'state', 'completed_at'])
    .where('tenant_id', '=', p<string>('tenant'))
    .where((eb) => eb(eb.refTuple('completed_at', 'seq'), '>', eb.tuple(p<number>('after'), p<number>('seq'))))
    .where('completed_at', '>=', p<number>('after'))
    .where('completed_at', '<', p<number>('until'))
    .orderBy('completed_at')
    .orderBy('seq')
    .limit(p<number>('limit')),
);
/** Where a job ran last. */
export const nodeOfJob = statement((q) =>
  q
    .selectFrom('attempts')
    .select('node_id')
    .where('job_seq', '=', p<number>('seq'))
    .orderBy('leased_at', 'desc')
    .orderBy('number', 'desc')
    .orderBy('id', 'desc')
    .limit(1),
);
export const labelsOfJob = statement((q) =>
  q.selectFrom('job_labels').select(['name', 'value']).where('job_seq', '=', p<number>('seq')),
);

export const bodyOfJob = statement((q) =>
  q.selectFrom('job_bodies').select('body').where('job_seq', '=', p<number>('seq')),
);

const attemptFacts = [
  'attempts.id',
  'attempts.job_seq',
  'attempts.tenant_id',
  'attempts.node_id',
  'attempts.state',
  'attempts.leased_at',
  'attempts.started_at',
  'attempts.ended_at',
  'tasks.kind',
  'attempt_results.body',
  'attempt_power.at as power_at',
  'attempt_power.body as power_body',
  'attempt_prices.body as prices',
  'attempts.cause',
  'attempts.failure_class',
] as const;
/** Attempts of a tenant that ended in a period, whatever their jobs do now, by pages likewise. */
export const endedAttempts = statement((q) =>
  q
    .selectFrom('attempts')
    .innerJoin('tasks', 'tasks.id', 'attempts.task_id')
    .leftJoin('attempt_results', 'attempt_results.attempt_id', 'attempts.id')
    .leftJoin('attempt_power', 'attempt_power.attempt_id', 'attempts.id')
    .leftJoin('attempt_prices', 'attempt_prices.attempt_id', 'attempts.id')
    .select([...attemptFacts])
    .where('attempts.tenant_id', '=', p<string>('tenant'))
    .where((eb) =>
      eb(eb.refTuple('attempts.ended_at', 'attempts.id'), '>', eb.tuple(p<number>('after'), p<string>('id'))),
    )
    .where('attempts.ended_at', '>=', p<number>('after'))
    .where('attempts.ended_at', '<', p<number>('until'))
    .orderBy('attempts.ended_at')
    .orderBy('attempts.id')
    .limit(p<number>('limit')),
);
export const attemptsOfEndedJob = statement((q) =>
  q
    .selectFrom('attempts')
    .innerJoin('tasks', 'tasks.id', 'attempts.task_id')
    .leftJoin('attempt_results', 'attempt_results.attempt_id', 'attempts.id')
    .leftJoin('attempt_power', 'attempt_power.attempt_id', 'attempts.id')
    .leftJoin('attempt_prices', 'attempt_prices.attempt_id', 'attempts.id')
    .select([...attemptFacts])
    .where('attempts.job_seq', '=', p<number>('seq')),
);

import { sql } from 'kysely';
import { p, statement } from '../database/statement.ts';

/** Writes nothing for an attempt whose result is stored, and never goes back in time. */
export const putAttemptPower = statement((q) =>
  q
    .insertInto('attempt_power')
    .columns(['attempt_id', 'at', 'body'])
    .expression((eb) =>
      eb
        .selectFrom('attempts')
        .select([
          'attempts.id',
          // PostgreSQL would take a bare parameter of a SELECT for text.
          sql<number>`cast(${p('at')} as bigint)`.as('at'),
          sql<string>`cast(${p('body')} as text)`.as('body'),
        ])
        .where('attempts.id', '=', p<string>('id'))
        .where(sql<boolean>`not exists (select 1 from attempt_results where attempt_results.attempt_id = attempts.id)`),
    )
    .onConflict((on) =>
      on
        .column('attempt_id')
        .doUpdateSet((eb) => ({ at: eb.ref('excluded.at'), body: eb.ref('excluded.body') }))
        .whereRef('excluded.at', '>', 'attempt_power.at'),
    ),
);
export const deleteAttemptPower = statement((q) =>
  q.deleteFrom('attempt_power').where('attempt_id', '=', p<string>('id')),
);
export const powerOfAttempt = statement((q) =>
  q.selectFrom('attempt_power').select(['at', 'body']).where('attempt_id', '=', p<string>('id')),
);
/** Of all attempts that run. */
export const powerOfLive = statement((q) =>
  q
    .selectFrom('attempts')
    .innerJoin('attempt_power', 'attempt_power.attempt_id', 'attempts.id')
    .select(['attempts.id', 'attempt_power.at', 'attempt_power.body'])
    .where(sql<boolean>`attempts.ended_at is null`),
);

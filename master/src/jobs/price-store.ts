import { sql } from 'kysely';
import { p, statement } from '../database/statement.ts';

/** Writes nothing for an attempt whose result is stored: its prices lie with it. */
export const insertPrices = statement((q) =>
  q
    .insertInto('attempt_prices')
    .columns(['attempt_id', 'body'])
    .expression((eb) =>
      eb
        .selectFrom('attempts')
        .select(['attempts.id', sql<string>`cast(${p('body')} as text)`.as('body')])
        .where('attempts.id', '=', p<string>('id'))
        .where(sql<boolean>`not exists (select 1 from attempt_results where attempt_results.attempt_id = attempts.id)`),
    )
    .onConflict((on) => on.column('attempt_id').doNothing()),
);
export const pricesOfAttempt = statement((q) =>
  q.selectFrom('attempt_prices').select('body').where('attempt_id', '=', p<string>('id')),
);

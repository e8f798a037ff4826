import { p, statement } from '../database/statement.ts';

/** Attempts that ended on a node in a period, with what is known of their figures. */
export const resultsOnNode = statement((q) =>
  q
    .selectFrom('attempts')
    .leftJoin('attempt_results', 'attempt_results.attempt_id', 'attempts.id')
    .leftJoin('attempt_power', 'attempt_power.attempt_id', 'attempts.id')
    .leftJoin('attempt_prices', 'attempt_prices.attempt_id', 'attempts.id')
    .select([
      ...(['attempts.state', 'attempts.leased_at', 'attempts.started_at', 'attempts.ended_at'] as const),
      ...([
        'attempt_results.body',
        'attempt_power.at as power_at',
        'attempt_power.body as power_body',
        'attempt_prices.body as prices',
      ] as const),
    ])
    .where('attempts.node_id', '=', p<string>('node'))
    .where('attempts.ended_at', '>=', p<number>('since'))
    .where('attempts.ended_at', '<', p<number>('until')),
);

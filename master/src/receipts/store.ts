import { p, statement } from '../database/statement.ts';

export const resultsOnNode = statement((q) =>
  q
    .selectFrom('attempts')
    .leftJoin('attempt_results', 'attempt_results.attempt_id', 'attempts.id')
    .select(['attempts.id', 'attempt_results.body'])
    .where('attempts.node_id', '=', p<string>('node'))
    .where('attempts.ended_at', '>=', p<number>('since'))
    .where('attempts.ended_at', '<', p<number>('until')),
);

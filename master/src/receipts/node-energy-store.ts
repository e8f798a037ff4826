import { type Kysely, type RawBuilder, sql } from 'kysely';
import { p, statement } from '../database/statement.ts';
import type { Tables } from '../database/tables.ts';

/** The hours of a node, added up over the runs of its agents and over the hours of `period`. */
const powerBy = (q: Kysely<Tables>, period: RawBuilder<number>) =>
  q
    .selectFrom('node_power')
    .select([period.as('at'), 'method', 'scope', 'quality'])
    .select(({ fn }) => [
      fn.sum<number>('seconds').as('seconds'),
      fn.sum<number>('covered_s').as('covered_s'),
      fn.sum<number>('total_j').as('total_j'),
      fn.sum<number>('jobs_j').as('jobs_j'),
      fn.sum<number>('other_j').as('other_j'),
      fn.sum<number>('idle_j').as('idle_j'),
      fn.sum<number>('rest_j').as('rest_j'),
    ])
    .where('node_id', '=', p<string>('node'))
    .where('period', '>=', p<number>('since'))
    .where('period', '<', p<number>('until'))
    .groupBy([period, 'method', 'scope', 'quality'])
    .orderBy('at')
    .orderBy('method')
    .orderBy('scope')
    .orderBy('quality');
export const powerByHour = statement((q) => powerBy(q, sql<number>`period`));
export const powerByDay = statement((q) => powerBy(q, sql<number>`(period - period % 86400000)`));

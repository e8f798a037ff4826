import { p, statement } from '../database/statement.ts';

const sums = ['seconds', 'covered_s', 'total_j', 'jobs_j', 'other_j', 'idle_j', 'rest_j'] as const;

/** Sums of one run only grow: whatever arrives late, or twice, never takes anything back. */
export const putNodePower = statement((q) =>
  q
    .insertInto('node_power')
    .values({
      node_id: p('node'),
      period: p('period'),
      method: p('method'),
      scope: p('scope'),
      run: p('run'),
      quality: p('quality'),
      seconds: p('seconds'),
      covered_s: p('covered_s'),
      total_j: p('total_j'),
      jobs_j: p('jobs_j'),
      other_j: p('other_j'),
      idle_j: p('idle_j'),
      rest_j: p('rest_j'),
    })
    .onConflict((on) =>
      on
        .columns(['node_id', 'period', 'method', 'scope', 'run'])
        .doUpdateSet((eb) => ({
          quality: eb.ref('excluded.quality'),
          ...Object.fromEntries(sums.map((name) => [name, eb.ref(`excluded.${name}`)])),
        }))
        .whereRef('excluded.seconds', '>', 'node_power.seconds'),
    ),
);

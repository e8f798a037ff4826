import { p, statement } from '../database/statement.ts';

export const insertSample = statement((q) =>
  q
    .insertInto('carbon_samples')
    .values({ zone: p('zone'), at: p('at'), g_per_kwh: p('gPerKwh'), label: p('label') })
    .onConflict((on) => on.columns(['zone', 'at']).doNothing()),
);
export const samplesSince = statement((q) =>
  q
    .selectFrom('carbon_samples')
    .selectAll()
    .where('zone', '=', p<string>('zone'))
    .where('at', '>=', p<number>('since'))
    .orderBy('at'),
);
export const forgetSamples = statement((q) => q.deleteFrom('carbon_samples').where('at', '<', p<number>('before')));

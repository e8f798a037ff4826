import type { Queue } from '@ffrtmp/shared/job/job';
import { p, statement } from '../database/statement.ts';

export const allQueues = statement((q) => q.selectFrom('queues').selectAll());
export const queueByName = statement((q) =>
  q.selectFrom('queues').selectAll().where('tenant_id', '=', p<string>('tenant')).where('name', '=', p<Queue>('name')),
);
export const putQueue = statement((q) =>
  q
    .insertInto('queues')
    .values({
      tenant_id: p('tenant'),
      name: p<Queue>('name'),
      paused: p('paused'),
      max_running: p('maxRunning'),
      max_queued: p('maxQueued'),
    })
    .onConflict((on) =>
      on.columns(['tenant_id', 'name']).doUpdateSet((eb) => ({
        paused: eb.ref('excluded.paused'),
        max_running: eb.ref('excluded.max_running'),
        max_queued: eb.ref('excluded.max_queued'),
      })),
    ),
);
export const tenantWeights = statement((q) => q.selectFrom('tenants').select(['id', 'weight']));

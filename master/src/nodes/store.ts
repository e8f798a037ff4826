import type { Selectable } from 'kysely';
import { p, statement } from '../database/statement.ts';
import type { Tables } from '../database/tables.ts';

export type NodeRow = Selectable<Tables['nodes']>;

export const allNodes = statement((q) => q.selectFrom('nodes').selectAll().orderBy('registered_at'));
export const nodeByAddress = statement((q) =>
  q.selectFrom('nodes').select('id').where('address', '=', p<string>('address')),
);
export const insertNode = statement((q) =>
  q
    .insertInto('nodes')
    .values({
      id: p('id'),
      tenant_id: p('tenant'),
      address: p('address'),
      name: p('name'),
      facts: p('facts'),
      slots: p('slots'),
      version: p('version'),
      protocol: p('protocol'),
      machine_id: p('machine'),
      master_as_worker: p('masterAsWorker'),
      draining: 0,
      proof_hash: p('proofHash'),
      registered_at: p('now'),
      last_heartbeat: p('now'),
    })
    .returningAll(),
);
export const updateNode = statement((q) =>
  q
    .updateTable('nodes')
    .set({
      name: p('name'),
      facts: p('facts'),
      slots: p('slots'),
      version: p('version'),
      protocol: p('protocol'),
      machine_id: p('machine'),
      master_as_worker: p('masterAsWorker'),
      last_heartbeat: p('now'),
    })
    .where('id', '=', p<string>('id'))
    .returningAll(),
);
export const setDraining = statement((q) =>
  q
    .updateTable('nodes')
    .set({ draining: p('draining') })
    .where('id', '=', p<string>('id')),
);
export const setHeartbeat = statement((q) =>
  q
    .updateTable('nodes')
    .set({ last_heartbeat: p('now') })
    .where('id', '=', p<string>('id')),
);
export const deleteNode = statement((q) => q.deleteFrom('nodes').where('id', '=', p<string>('id')));
export const insertProfile = statement((q) =>
  q
    .insertInto('node_profiles')
    .values({ node_id: p('node'), valid_from: p('now'), facts: p('facts') })
    .onConflict((on) => on.columns(['node_id', 'valid_from']).doUpdateSet({ facts: p('facts') })),
);
export const profilesOf = statement((q) =>
  q
    .selectFrom('node_profiles')
    .selectAll()
    .where('node_id', '=', p<string>('node'))
    .orderBy('valid_from', 'desc')
    .limit(p<number>('limit')),
);

import { p, statement } from '../database/statement.ts';

export const insertKey = statement((q) =>
  q.insertInto('keys').values({
    id: p('id'),
    tenant_id: p('tenant'),
    role: p('role'),
    name: p('name'),
    hash: p('hash'),
    node_id: p('node'),
    created_at: p('now'),
    expires_at: p('expires'),
    revoked_at: null,
  }),
);
export const allKeys = statement((q) => q.selectFrom('keys').selectAll().orderBy('created_at'));
export const keyById = statement((q) => q.selectFrom('keys').selectAll().where('id', '=', p<string>('id')));
export const revokeKey = statement((q) =>
  q
    .updateTable('keys')
    .set({ revoked_at: p<number>('now') })
    .where('id', '=', p<string>('id'))
    .where('revoked_at', 'is', null)
    .returning('id'),
);
export const revokeNodeKeys = statement((q) =>
  q
    .updateTable('keys')
    .set({ revoked_at: p<number>('now') })
    .where('node_id', '=', p<string>('node'))
    .where('revoked_at', 'is', null)
    .returning('id'),
);
export const insertTenant = statement((q) =>
  q
    .insertInto('tenants')
    .values({ id: p('id'), name: p('name'), created_at: p('now') })
    .onConflict((on) => on.doNothing()),
);

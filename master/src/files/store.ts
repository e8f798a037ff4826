import { p, statement } from '../database/statement.ts';

export const insertFile = statement((q) =>
  q
    .insertInto('files')
    .values({ sha256: p('sha256'), bytes: p('bytes'), created_at: p('now') })
    .onConflict((on) => on.doNothing()),
);
export const insertOwner = statement((q) =>
  q
    .insertInto('file_owners')
    .values({ tenant_id: p('tenant'), sha256: p('sha256'), created_at: p('now'), used_at: p('now') })
    .onConflict((on) => on.columns(['tenant_id', 'sha256']).doUpdateSet({ used_at: p('now'), named: 1 })),
);
/** What a node brings is nothing yet: the result that names it may never be accepted. */
export const insertUnnamed = statement((q) =>
  q
    .insertInto('file_owners')
    .values({ tenant_id: p('tenant'), sha256: p('sha256'), created_at: p('now'), used_at: p('now'), named: 0 })
    .onConflict((on) => on.columns(['tenant_id', 'sha256']).doUpdateSet({ used_at: p('now') })),
);
export const ownedFile = statement((q) =>
  q
    .selectFrom('file_owners')
    .innerJoin('files', 'files.sha256', 'file_owners.sha256')
    .select(['files.sha256', 'files.bytes'])
    .where('file_owners.tenant_id', '=', p<string>('tenant'))
    .where('file_owners.sha256', '=', p<string>('sha256')),
);
/** A new job names the file: whoever was about to prune it finds that it was used since. */
export const touchOwned = statement((q) =>
  q
    .updateTable('file_owners')
    .set({ used_at: p('now'), named: 1 })
    .where('tenant_id', '=', p<string>('tenant'))
    .where('sha256', '=', p<string>('sha256'))
    .returning('sha256'),
);
/** The job that goes named the file until then. */
export const markUsed = statement((q) =>
  q
    .updateTable('file_owners')
    .set((eb) => ({
      used_at: eb.case().when('used_at', '<', p<number>('at')).then(p<number>('at')).else(eb.ref('used_at')).end(),
      named: 1,
    }))
    .where('tenant_id', '=', p<string>('tenant'))
    .where('sha256', '=', p<string>('sha256')),
);
export const prunedFile = statement((q) =>
  q
    .selectFrom('pruned_files')
    .select('pruned_at')
    .where('tenant_id', '=', p<string>('tenant'))
    .where('sha256', '=', p<string>('sha256')),
);
export const forgetPruned = statement((q) =>
  q.deleteFrom('pruned_files').where('tenant_id', '=', p<string>('tenant')).where('sha256', '=', p<string>('sha256')),
);

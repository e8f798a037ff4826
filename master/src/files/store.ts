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
    .values({ tenant_id: p('tenant'), sha256: p('sha256'), created_at: p('now') })
    .onConflict((on) => on.doNothing()),
);
export const ownedFile = statement((q) =>
  q
    .selectFrom('file_owners')
    .innerJoin('files', 'files.sha256', 'file_owners.sha256')
    .select(['files.sha256', 'files.bytes'])
    .where('file_owners.tenant_id', '=', p<string>('tenant'))
    .where('file_owners.sha256', '=', p<string>('sha256')),
);

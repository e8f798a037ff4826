import { sql } from 'kysely';
import { p, statement } from '../database/statement.ts';

const ownerColumns = ['tenant_id', 'file_owners.sha256', 'used_at', 'named', 'files.bytes'] as const;
/** The files that were of no use for longest, as far as is known. */
export const ownersUsedBefore = statement((q) =>
  q
    .selectFrom('file_owners')
    .innerJoin('files', 'files.sha256', 'file_owners.sha256')
    .select([...ownerColumns])
    .where('used_at', '<', p<number>('before'))
    .orderBy('used_at')
    .limit(p<number>('limit')),
);
/** A partial index is used only when its condition stands literally in the statement. */
export const unnamedUsedBefore = statement((q) =>
  q
    .selectFrom('file_owners')
    .innerJoin('files', 'files.sha256', 'file_owners.sha256')
    .select([...ownerColumns])
    .where(sql<boolean>`named = 0`)
    .where('used_at', '<', p<number>('before'))
    .orderBy('used_at')
    .limit(p<number>('limit')),
);

export const liveJobOnInput = statement((q) =>
  q
    .selectFrom('jobs')
    .select('seq')
    .where('tenant_id', '=', p<string>('tenant'))
    .where('input_sha256', '=', p<string>('sha256'))
    .where('completed_at', 'is', null)
    .limit(1),
);
export const lastJobOnInput = statement((q) =>
  q
    .selectFrom('jobs')
    .select(({ fn }) => fn.max('completed_at').as('at'))
    .where('tenant_id', '=', p<string>('tenant'))
    .where('input_sha256', '=', p<string>('sha256')),
);
/** Jobs that made the file, by pages: the same film encoded the same way a thousand times is one file. */
export const jobsThatMade = statement((q) =>
  q
    .selectFrom('artifacts')
    .innerJoin('attempts', 'attempts.id', 'artifacts.attempt_id')
    .innerJoin('jobs', 'jobs.seq', 'attempts.job_seq')
    .select(['artifacts.attempt_id', 'jobs.completed_at'])
    .where('artifacts.sha256', '=', p<string>('sha256'))
    .where('artifacts.attempt_id', '>', p<string>('after'))
    .where('jobs.tenant_id', '=', p<string>('tenant'))
    .orderBy('artifacts.attempt_id')
    .limit(p<number>('limit')),
);

/** Conditional on what was seen: a file that was uploaded or named since is another matter. */
export const setUsed = statement((q) =>
  q
    .updateTable('file_owners')
    .set({ used_at: p('to'), named: p('named') })
    .where('tenant_id', '=', p<string>('tenant'))
    .where('sha256', '=', p<string>('sha256'))
    .where('used_at', '=', p<number>('seen')),
);
export const deleteOwner = statement((q) =>
  q
    .deleteFrom('file_owners')
    .where('tenant_id', '=', p<string>('tenant'))
    .where('sha256', '=', p<string>('sha256'))
    .where('used_at', '=', p<number>('seen'))
    .returning('sha256'),
);
export const deleteUnowned = statement((q) =>
  q
    .deleteFrom('files')
    .where('sha256', '=', p<string>('sha256'))
    .where((eb) =>
      eb.not(eb.exists(eb.selectFrom('file_owners').select('sha256').where('sha256', '=', p<string>('sha256')))),
    )
    .returning(['sha256', 'bytes']),
);

export const insertPruned = statement((q) =>
  q
    .insertInto('pruned_files')
    .values({ tenant_id: p('tenant'), sha256: p('sha256'), pruned_at: p('now') })
    .onConflict((on) => on.columns(['tenant_id', 'sha256']).doUpdateSet({ pruned_at: p('now') })),
);
export const prunedBefore = statement((q) =>
  q
    .selectFrom('pruned_files')
    .select(['tenant_id', 'sha256'])
    .where('pruned_at', '<', p<number>('before'))
    .orderBy('pruned_at')
    .limit(p<number>('limit')),
);

/** Sizes of a page of files and the last of them: a sum over all would hold up the loop. */
export const bytesOfPage = statement((q) =>
  q
    .selectFrom((inner) =>
      inner
        .selectFrom('files')
        .select(['sha256', 'bytes'])
        .where('sha256', '>', p<string>('after'))
        .orderBy('sha256')
        .limit(p<number>('limit'))
        .as('page'),
    )
    .select(({ fn }) => [fn.max('sha256').as('last'), fn.sum<number | null>('bytes').as('bytes')]),
);

export const filesBetween = statement((q) =>
  q
    .selectFrom('files')
    .select('sha256')
    .where('sha256', '>=', p<string>('from'))
    .where('sha256', '<', p<string>('until')),
);
/** Takes a name that no row has, for as long as the transaction lasts: an upload of the same bytes waits or was first. */
export const claimName = statement((q) =>
  q
    .insertInto('files')
    .values({ sha256: p('sha256'), bytes: 0, created_at: 0 })
    .onConflict((on) => on.doNothing())
    .returning('sha256'),
);
export const freeName = statement((q) => q.deleteFrom('files').where('sha256', '=', p<string>('sha256')));

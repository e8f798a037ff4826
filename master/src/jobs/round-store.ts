import { insertRows } from '../database/rows.ts';
import { p, statement } from '../database/statement.ts';
import { taskColumns } from './enqueue.ts';

/** The tasks of a later round; those of the first are stored with their job. */
export const insertRoundTasks = insertRows('tasks', [...taskColumns, 'round'] as never);

/** Work of a job that succeeded and counts for nothing, because of what came out. */
export const wasteSuccesses = statement((q) =>
  q
    .updateTable('attempts')
    .set({ cause: p('cause') })
    .where('job_seq', '=', p<number>('seq'))
    .where('state', '=', 'succeeded')
    .where('cause', 'is', null)
    .returning('id'),
);

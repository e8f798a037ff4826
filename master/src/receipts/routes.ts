import { jobOperations } from '@ffrtmp/shared/contract/jobs';
import type { Figure } from '@ffrtmp/shared/energy/figure';
import type { Attempt } from '@ffrtmp/shared/job/attempt';
import type { Job } from '@ffrtmp/shared/job/job';
import type { TaskState } from '@ffrtmp/shared/job/state';
import type { Run } from '../database/statement.ts';
import { type Handler, handle } from '../http/serve.ts';
import { buildReceipt, energyOnly } from './build.ts';
import { storedNodeAttempts, storedNodeEnergy } from './daily-store.ts';
import { figureOf } from './daily-sums.ts';
import { resultsOnNode } from './store.ts';

/** Everything a receipt is made of, read by the jobs feature. */
export type ReadJob = (
  tenantId: string,
  reference: string,
) => Promise<{ job: Job; tasks: { state: TaskState }[]; attempts: Attempt[] }>;

export function receiptRoutes(readJob: ReadJob): Handler[] {
  return [
    handle(jobOperations.receipt, async ({ params, caller }) => {
      const { job, tasks, attempts } = await readJob(caller.tenantId, params.id);
      return buildReceipt(job, tasks, attempts);
    }),
  ];
}

/**
 * Energy of the attempts that ended on a node in a period. Those of pruned jobs count with the whole days that begin in
 * it, for more is not known of them.
 */
export async function energyOnNode(
  read: Run,
  node: string,
  since: number,
  until: number,
): Promise<{ attempts: number; energy: Figure[] }> {
  const rows = await read(resultsOnNode, { node, since, until });
  const live = rows.flatMap((row) =>
    row.body === null ? [] : (JSON.parse(row.body) as { figures: Figure[] }).figures,
  );
  const pruned = await read(storedNodeEnergy, { node, since, until });
  const [count] = await read(storedNodeAttempts, { node, since, until });
  return { attempts: rows.length + (count?.count ?? 0), energy: energyOnly([...pruned.map(figureOf), ...live]) };
}

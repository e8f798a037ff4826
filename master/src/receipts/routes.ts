import { jobOperations } from '@ffrtmp/shared/contract/jobs';
import type { Figure } from '@ffrtmp/shared/energy/figure';
import type { Attempt } from '@ffrtmp/shared/job/attempt';
import type { Job } from '@ffrtmp/shared/job/job';
import type { TaskState } from '@ffrtmp/shared/job/state';
import type { Run } from '../database/statement.ts';
import { type Handler, handle } from '../http/serve.ts';
import { buildReceipt, energyOnly } from './build.ts';
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

/** Energy of the attempts that ended on a node in a period. */
export async function energyOnNode(
  read: Run,
  node: string,
  since: number,
  until: number,
): Promise<{ attempts: number; energy: Figure[] }> {
  const rows = await read(resultsOnNode, { node, since, until });
  const figures = rows.flatMap((row) => (JSON.parse(row.body) as { figures: Figure[] }).figures);
  return { attempts: rows.length, energy: energyOnly(figures) };
}

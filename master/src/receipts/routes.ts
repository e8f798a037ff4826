import type { Clock, Timers } from '@ffrtmp/runtime/clock';
import { FfrtmpError } from '@ffrtmp/shared/contract/errors';
import { jobOperations } from '@ffrtmp/shared/contract/jobs';
import {
  DEFAULT_PERIOD_DAYS,
  MAX_PERIOD_DAYS,
  type ReceiptGroup,
  receiptOperations,
} from '@ffrtmp/shared/contract/receipts';
import type { Attempt } from '@ffrtmp/shared/job/attempt';
import type { Job } from '@ffrtmp/shared/job/job';
import type { TaskState } from '@ffrtmp/shared/job/state';
import type { Run } from '../database/statement.ts';
import { type Handler, handle } from '../http/serve.ts';
import { buildReceipt } from './build.ts';
import { dayOf } from './daily.ts';
import { readSums } from './daily-sums.ts';
import { dimensionOf, periodRows } from './period.ts';

const DAY_MS = 86_400_000;

/** Everything a receipt is made of, read by the jobs feature. */
export type ReadJob = (
  tenantId: string,
  reference: string,
) => Promise<{ job: Job; tasks: { state: TaskState }[]; attempts: Attempt[] }>;

export interface ReceiptParts {
  readJob: ReadJob;
  read: Run;
  timers: Pick<Timers, 'nextTurn'>;
  clock: Pick<Clock, 'now'>;
  nodeName: (nodeId: string) => string | null;
}

/** Whole days of UTC: from the first, and up to the one that no longer counts. */
function periodOf(query: { since?: string | undefined; until?: string | undefined }, now: number) {
  const until = query.until === undefined ? dayOf(now) + DAY_MS : Date.parse(query.until);
  const since = query.since === undefined ? until - DEFAULT_PERIOD_DAYS * DAY_MS : Date.parse(query.since);
  if (since >= until) throw new FfrtmpError('invalid_request', 'since: is not before until, which no longer counts');
  if (until - since > MAX_PERIOD_DAYS * DAY_MS)
    throw new FfrtmpError('invalid_request', `since: a period has at most ${MAX_PERIOD_DAYS} days`);
  return { since, until };
}

interface Asked {
  by: ReceiptGroup;
  label?: string | undefined;
  since?: string | undefined;
  until?: string | undefined;
  limit: number;
  cursor?: string | undefined;
}

async function showPeriod(parts: ReceiptParts, tenantId: string, query: Asked) {
  const { by, label, limit, cursor = null } = query;
  if (label !== undefined && by !== 'label')
    throw new FfrtmpError('invalid_request', 'label: goes with by=label alone');
  const now = parts.clock.now();
  const { since, until } = periodOf(query, now);
  const dimensions = [...new Set(['tenant' as const, dimensionOf[by]])];
  const days = await readSums(parts, { tenantId, dimensions, since, until });
  const { keys, row, total } = periodRows(days, { by, tenantId, label, nodeName: parts.nodeName });
  // A key may be empty: it is the first, and comes behind no cursor.
  const rest = cursor === null ? keys : keys.filter((key) => key > cursor);
  const page = rest.slice(0, limit);
  const dayText = (ms: number) => new Date(ms).toISOString().slice(0, 10);
  return {
    ...{ by, since: dayText(since), until: dayText(until), complete: until <= now },
    rows: page.map(row),
    total: total(),
    next_cursor: rest.length > page.length ? (page.at(-1) ?? null) : null,
  };
}

export function receiptRoutes(parts: ReceiptParts): Handler[] {
  return [
    handle(jobOperations.receipt, async ({ params, caller }) => {
      const { job, tasks, attempts } = await parts.readJob(caller.tenantId, params.id);
      return buildReceipt(job, tasks, attempts);
    }),
    handle(receiptOperations.period, ({ query, caller }) => showPeriod(parts, caller.tenantId, query)),
  ];
}

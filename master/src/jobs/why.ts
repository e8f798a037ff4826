import type { Why } from '@ffrtmp/shared/job/job';
import type { Requirement } from '@ffrtmp/shared/job/task';
import { groupOf, type Lane } from '../scheduling/choose.ts';
import { explain, type KnownNode, type Question } from '../scheduling/explain.ts';
import { firstHold, type HeldJob } from '../scheduling/holds.ts';
import { rankNow } from '../scheduling/rank.ts';
import { laneKey as laneKeyOf } from './lanes.ts';
import type { JobParts } from './parts.ts';
import { aheadInLane, type JobRow, liveAttemptOf, liveByClass, type TaskRow, tasksOfJob } from './store.ts';

const anything: Requirement = { engine: 'ffmpeg', encoder: null };

/** Older tasks of its own queue and priority are counted up to here, in so many lanes: an answer in constant time. */
const MAX_COUNTED = 1000;
const MAX_LANES = 32;

/** Gathers what the pure explanation looks at: the job's few tasks and what memory knows of lanes and nodes. */
export async function whyOf(parts: JobParts, job: JobRow): Promise<Why> {
  const rows = await parts.db.read(tasksOfJob, { seq: job.seq });
  const tasks = await Promise.all(
    rows.map(async (row) => {
      const [attempt] = row.state === 'active' ? await parts.db.read(liveAttemptOf, { task: row.id }) : [];
      const requirement = parts.lanes.of(row.class_id)?.requirement ?? anything;
      return {
        kind: row.kind,
        state: row.state,
        requirement,
        nodeName: attempt ? parts.nodeName(attempt.node_id) : null,
      };
    }),
  );
  const retryDueMs = rows.find((row) => row.state === 'ready' && row.failures > 0)?.due_at ?? null;
  const hold = firstHold(await heldBy(parts, job, retryDueMs), parts.clock.now());
  const waiting = rows.find((row) => row.claimable === 1);
  const ahead = waiting ? await aheadOf(parts, waiting) : { count: 0, atLeast: false };
  const laneKey = waiting ? laneKeyOf(waiting.class_id, waiting.tenant_id) : null;
  const avoidNodeId = waiting?.avoid_node_id ?? null;
  return explain({ jobState: job.state, tasks, hold, laneKey, avoidNodeId, nodes: parts.knownNodes(), ahead });
}

async function heldBy(parts: JobParts, job: JobRow, retryDueMs: number | null): Promise<HeldJob> {
  const rules = parts.queueRules(job.tenant_id, job.queue);
  const { maxRunning } = rules;
  return {
    paused: job.state === 'paused',
    notBeforeMs: job.not_before,
    retryDueMs,
    queue: job.queue,
    queuePaused: rules.paused,
    queueCap: maxRunning === null ? null : { maxRunning, running: await runningIn(parts, job) },
  };
}

/** Live attempts by tenant and class. */
export async function runningByClass(parts: Pick<JobParts, 'db' | 'lanes'>) {
  const rows = await parts.db.read(liveByClass);
  return rows.map((row) => ({ tenantId: row.tenant_id, class: parts.lanes.of(row.class_id), count: row.count }));
}

async function runningIn(parts: JobParts, job: JobRow): Promise<number> {
  const live = await runningByClass(parts);
  const mine = live.filter((one) => one.tenantId === job.tenant_id && one.class?.queue === job.queue);
  return mine.reduce((sum, one) => sum + one.count, 0);
}

/**
 * What goes first: queues and priorities of a better rank as a whole, and the tenant's older tasks of its own. A paused
 * queue stands before nobody, nor does work that none of its nodes could run. Other tenants of the same rank take turns with it and are not counted.
 */
async function aheadOf(parts: JobParts, task: TaskRow): Promise<Question['ahead']> {
  const own = parts.lanes.of(task.class_id);
  if (!own) return { count: 0, atLeast: false };
  const group = `${own.queue}/${own.priority}`;
  const rivals = nodesOfKinds(parts, task.class_id);
  const open = [...parts.lanes.all()].filter(
    (lane) =>
      lane.ready > 0 &&
      !parts.queueRules(lane.tenantId, lane.class.queue).paused &&
      rivals.some((node) => parts.lanes.fits(lane.classId, node)),
  );
  const oldest = new Map([[group, task.queued_at]]);
  for (const lane of open)
    oldest.set(groupOf(lane), Math.min(oldest.get(groupOf(lane)) ?? lane.headSince, lane.headSince));
  const now = parts.clock.now();
  const rankIn = (queue: typeof own.queue, priority: typeof own.priority) =>
    rankNow(parts.ordering, queue, priority, now - (oldest.get(`${queue}/${priority}`) ?? now));
  const rank = rankIn(own.queue, own.priority);
  const better = open.filter((lane) => rankIn(lane.class.queue, lane.class.priority) < rank);
  const mine = open.filter((lane) => groupOf(lane) === group && lane.tenantId === task.tenant_id);
  const inLanes = await olderIn(parts, task, mine);
  const count = better.reduce((sum, lane) => sum + lane.ready, inLanes);
  return { count, atLeast: inLanes >= MAX_COUNTED };
}

/** One node of each kind that could run the class: only what the same nodes can run stands before it. */
function nodesOfKinds(parts: JobParts, classId: number): KnownNode[] {
  const byKind = new Map<string, KnownNode>();
  for (const node of parts.knownNodes())
    if (node.connected && parts.lanes.fits(classId, node)) byKind.set(node.kind, node);
  return [...byKind.values()];
}

/** Older tasks in lanes of the task's tenant, queue and priority. */
async function olderIn(parts: JobParts, { tenant_id: tenant, ord }: TaskRow, lanes: readonly Lane[]): Promise<number> {
  let count = 0;
  for (const { classId } of lanes.filter((lane) => lane.headOrd < ord).slice(0, MAX_LANES)) {
    const limit = MAX_COUNTED - count;
    if (limit <= 0) break;
    const [row] = await parts.db.read(aheadInLane, { classId, tenant, ord, limit });
    count += row?.count ?? 0;
  }
  return count;
}

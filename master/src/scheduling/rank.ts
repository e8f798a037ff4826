import {
  type Priority,
  priorities,
  type Queue,
  type QueueOrder,
  queues,
  rankOf,
  weightOf,
} from '@ffrtmp/shared/job/job';

/** How queues and priorities are ordered, and how fast waiting counts. */
export interface Ordering {
  mode: QueueOrder;
  /** Waiting this long lifts a rank by one, in `weighted` order; in `strict` nothing ages. */
  agingStepMs: number;
}

const weightsDown = [
  ...new Set(queues.flatMap((queue) => priorities.map((priority) => weightOf(queue, priority)))),
].sort((a, b) => b - a);
const byWeight = (queue: Queue, priority: Priority) => weightsDown.indexOf(weightOf(queue, priority));
/** The last rank of the live queue, however it waits: no batch work comes before it. */
const lastLive = Math.max(...priorities.map((priority) => byWeight('live', priority)));

/** Rank of a queue and priority, lower first, after its oldest task has waited so long. */
export function rankNow({ mode, agingStepMs }: Ordering, queue: Queue, priority: Priority, waitedMs: number): number {
  if (mode === 'strict') return rankOf(queue, priority);
  const aged = byWeight(queue, priority) - Math.floor(Math.max(0, waitedMs) / agingStepMs);
  return Math.max(queue === 'batch' ? lastLive + 0.5 : 0, aged);
}

import type { QueueState } from '@ffrtmp/shared/contract/queues';
import type { QueueOrder } from '@ffrtmp/shared/job/job';
import { renderTable } from './table.ts';
import { formatSeconds } from './text.ts';

const right = 'right' as const;

const orderTexts: Record<QueueOrder, string> = {
  strict: 'strict order: live goes first, then default, then batch; in each of them high, then medium, then low',
  weighted:
    'weighted order: the highest weight goes first (live 10, default 5, batch 1, times 3, 2, 1 by priority), waiting lifts it',
};

/** One line a queue, and in words what the order of the master means. */
export const queuesText = (order: QueueOrder, queues: readonly QueueState[]) =>
  `${queueTable(queues)}\n\n${orderTexts[order]}`;

export function queueTable(queues: readonly QueueState[]): string {
  return renderTable(
    [
      { head: 'QUEUE' },
      { head: 'PAUSED' },
      { head: 'READY', align: right },
      { head: 'RUNNING', align: right },
      { head: 'MAX RUNNING', align: right },
      { head: 'MAX QUEUED', align: right },
      { head: 'OLDEST WAITS', align: right },
    ],
    queues.map((queue) => [
      queue.queue,
      queue.paused ? 'yes' : 'no',
      String(queue.ready),
      String(queue.running),
      cap(queue.max_running),
      cap(queue.max_queued),
      queue.oldest_wait_s === null ? '–' : formatSeconds(queue.oldest_wait_s),
    ]),
  );
}

const cap = (limit: number | null) => (limit === null ? 'none' : String(limit));

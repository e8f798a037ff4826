import { z } from 'zod';
import { prioritySchema, queueOrders, queueSchema } from '../job/job.ts';
import { operation } from './operation.ts';

/** A cap of a queue; null: none. */
const cap = z.int().min(0).max(10_000_000).nullable();

export const queueStateSchema = z
  .object({
    queue: queueSchema,
    paused: z.boolean(),
    max_running: cap.describe('attempts that may run at once'),
    max_queued: cap.describe('ready tasks above which new jobs are answered 429'),
    ready: z.int().describe('tasks that could start now'),
    running: z.int().describe('live attempts'),
    oldest_wait_s: z.number().nullable().describe('how long the oldest ready task has been waiting'),
    priorities: z.array(z.object({ priority: prioritySchema, ready: z.int(), running: z.int() })),
  })
  .meta({ id: 'QueueState' });
export type QueueState = z.infer<typeof queueStateSchema>;

const queueParams = z.object({ queue: queueSchema });

export const queueOperations = {
  list: operation({
    id: 'listQueues',
    method: 'GET',
    path: '/queues',
    access: 'read',
    summary: 'The queues: what waits, what runs, caps and pauses',
    replies: {
      200: z.object({
        order: z.enum(queueOrders).describe('how queues and priorities are ranked'),
        queues: z.array(queueStateSchema),
      }),
    },
  }),
  update: operation({
    id: 'updateQueue',
    method: 'PATCH',
    path: '/queues/{queue}',
    access: 'admin',
    summary: 'Set or clear the caps of a queue',
    params: queueParams,
    body: z
      .strictObject({ max_running: cap.optional(), max_queued: cap.optional() })
      .refine((change) => Object.values(change).some((value) => value !== undefined), {
        error: 'name max_running or max_queued',
      }),
    replies: { 200: queueStateSchema },
  }),
  pause: operation({
    id: 'pauseQueue',
    method: 'POST',
    path: '/queues/{queue}/pause',
    access: 'admin',
    summary: 'Start nothing more from a queue; what runs goes on, what is submitted waits',
    params: queueParams,
    replies: { 200: queueStateSchema },
  }),
  resume: operation({
    id: 'resumeQueue',
    method: 'POST',
    path: '/queues/{queue}/resume',
    access: 'admin',
    summary: 'End the pause of a queue',
    params: queueParams,
    replies: { 200: queueStateSchema },
  }),
};

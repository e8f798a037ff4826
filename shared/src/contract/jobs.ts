import { z } from 'zod';
import { receiptSchema } from '../energy/receipt.ts';
import { attemptSchema } from '../job/attempt.ts';
import { jobRequestSchema, jobSchema, prioritySchema, queueSchema, timestampSchema, whySchema } from '../job/job.ts';
import { failureClassSchema } from '../job/outcome.ts';
import { jobStates } from '../job/state.ts';
import { taskKindSchema, taskSchema } from '../job/task.ts';
import { operation } from './operation.ts';
import { jobParams, pageQuery } from './parts.ts';

export const MAX_BULK_JOBS = 1000;
/** A bulk verb changes at most this many jobs a call, so that it cannot stall the master; repeating it goes on. */
export const MAX_BULK_CHANGES = 1000;

const labelFilter = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_.-]{0,62}(?:=.{0,255})?$/, { error: 'must be a label name or name=value' })
  .describe('`name` or `name=value`');

const filterFields = {
  status: z.enum(jobStates).optional(),
  queue: queueSchema.optional(),
  label: labelFilter.optional(),
};

/** One job or an array of them; the server validates each against `jobRequestSchema`, so that messages name the field. */
const submitBody = z.union([jobRequestSchema, z.array(jobRequestSchema).min(1).max(MAX_BULK_JOBS)]);
const bulkFilter = z
  .strictObject(filterFields)
  .refine((filter) => Object.values(filter).some((value) => value !== undefined), {
    error: 'name at least one of status, queue, label: an empty filter would touch every job',
  });
const bulkReply = z.object({
  matched: z.int().describe(`at most ${MAX_BULK_CHANGES.toLocaleString('en')}; so many: call again for the rest`),
  changed: z.int(),
  ids: z.array(z.string()),
});

const idempotencyHeader = z.object({ 'idempotency-key': z.string().min(1).max(200).optional() });

/** A job that failed for good, with the evidence: what ran, where, and its last words. */
export const deadLetterSchema = z
  .object({
    job: jobSchema,
    attempts: z.array(
      z.object({
        attempt: z.int(),
        task_kind: taskKindSchema,
        node_name: z.string().nullable(),
        state: z.string(),
        failure_class: failureClassSchema.nullable(),
        error: z.string().nullable(),
        argv: z.array(z.string()).nullable().describe('null: nothing was run, or its agent never said'),
        stderr_tail: z.string(),
        ended_at: z.string().nullable(),
      }),
    ),
  })
  .meta({ id: 'DeadLetter' });
export type DeadLetter = z.infer<typeof deadLetterSchema>;

export const jobOperations = {
  submit: operation({
    id: 'submitJobs',
    method: 'POST',
    path: '/jobs',
    access: 'write',
    summary: 'Submit one job or an array of up to 1,000',
    description:
      'The reply leaves only after the commit that holds the jobs. `Idempotency-Key` makes repeats safe for 7 days.',
    headers: idempotencyHeader,
    body: submitBody,
    replies: { 201: z.union([jobSchema, z.object({ jobs: z.array(jobSchema) })]) },
    errors: ['idempotency_mismatch', 'not_found', 'no_capable_node', 'queue_full'],
  }),
  submitMany: operation({
    id: 'submitMany',
    method: 'POST',
    path: '/jobs/bulk',
    access: 'write',
    summary: 'Submit up to 1,000 jobs and get their ids and numbers alone',
    description: 'The same as `POST /jobs` with an array, and a fifth of its work: a whole job is 2 kB of reply.',
    headers: idempotencyHeader,
    body: z.array(jobRequestSchema).min(1).max(MAX_BULK_JOBS),
    replies: {
      201: z.object({
        jobs: z.array(z.object({ id: z.string(), sequence_number: z.int(), warnings: z.array(z.string()) })),
      }),
    },
    errors: ['idempotency_mismatch', 'not_found', 'no_capable_node', 'queue_full'],
  }),
  list: operation({
    id: 'listJobs',
    method: 'GET',
    path: '/jobs',
    access: 'read',
    summary: 'List jobs, newest first, by pages',
    query: z.strictObject({ ...filterFields, ...pageQuery }),
    replies: { 200: z.object({ jobs: z.array(jobSchema), next_cursor: z.string().nullable() }) },
  }),
  deadLetters: operation({
    id: 'listDeadLetters',
    method: 'GET',
    path: '/dead-letters',
    access: 'read',
    summary: 'Jobs that failed for good, newest first, with their last attempts, argv and last words',
    description: 'Requeue one with `POST /jobs/{id}/retry`, many with `POST /jobs/retry`.',
    query: z.strictObject({ queue: filterFields.queue, label: filterFields.label, ...pageQuery }),
    replies: { 200: z.object({ dead_letters: z.array(deadLetterSchema), next_cursor: z.string().nullable() }) },
  }),
  cancelMany: operation({
    id: 'cancelJobs',
    method: 'POST',
    path: '/jobs/cancel',
    access: 'write',
    summary: 'Cancel every live job that matches a filter',
    body: bulkFilter,
    replies: { 200: bulkReply },
  }),
  retryMany: operation({
    id: 'retryJobs',
    method: 'POST',
    path: '/jobs/retry',
    access: 'write',
    summary: 'Retry every failed or canceled job that matches a filter',
    body: bulkFilter,
    replies: { 200: bulkReply },
  }),
  get: operation({
    id: 'getJob',
    method: 'GET',
    path: '/jobs/{id}',
    access: 'read',
    summary: 'One job, with `why` while it waits',
    params: jobParams,
    replies: { 200: jobSchema },
    errors: ['not_found'],
  }),
  tasks: operation({
    id: 'getJobTasks',
    method: 'GET',
    path: '/jobs/{id}/tasks',
    access: 'read',
    summary: 'The tasks of a job',
    params: jobParams,
    replies: { 200: z.object({ tasks: z.array(taskSchema) }) },
    errors: ['not_found'],
  }),
  attempts: operation({
    id: 'getJobAttempts',
    method: 'GET',
    path: '/jobs/{id}/attempts',
    access: 'read',
    summary: 'Every attempt of a job’s tasks, oldest first',
    params: jobParams,
    replies: { 200: z.object({ attempts: z.array(attemptSchema) }) },
    errors: ['not_found'],
  }),
  logs: operation({
    id: 'getJobLogs',
    method: 'GET',
    path: '/jobs/{id}/logs',
    access: 'read',
    summary: 'The log of a job; with `follow=1` a live stream of server-sent events',
    description: 'Attempts follow each other, each under a heading line. Without any log the error text is returned.',
    params: jobParams,
    query: z.object({ follow: z.enum(['0', '1', 'true', 'false']).optional() }),
    replies: { 200: z.object({ job_id: z.string(), logs: z.string() }) },
    errors: ['not_found'],
  }),
  events: operation({
    id: 'followJobEvents',
    method: 'GET',
    path: '/jobs/{id}/events',
    access: 'read',
    summary: 'State changes and progress of one job as server-sent events',
    params: jobParams,
    replies: { 200: null },
    stream: 'sse',
    errors: ['not_found'],
  }),
  receipt: operation({
    id: 'getJobReceipt',
    method: 'GET',
    path: '/jobs/{id}/receipt',
    access: 'read',
    summary: 'What the job used, attempt by attempt, and how each figure was obtained',
    params: jobParams,
    replies: { 200: receiptSchema },
    errors: ['not_found'],
  }),
  why: operation({
    id: 'getJobWhy',
    method: 'GET',
    path: '/jobs/{id}/why',
    access: 'read',
    summary: 'Why the job is not running',
    params: jobParams,
    replies: { 200: whySchema },
    errors: ['not_found'],
  }),
  cancel: operation({
    id: 'cancelJob',
    method: 'POST',
    path: '/jobs/{id}/cancel',
    access: 'write',
    summary: 'Cancel a job; a running attempt is ended within a second',
    description:
      'A job whose required tasks have all succeeded ends as `completed`: only what was optional is canceled.',
    params: jobParams,
    replies: { 200: jobSchema },
    errors: ['not_found', 'conflict'],
  }),
  retry: operation({
    id: 'retryJob',
    method: 'POST',
    path: '/jobs/{id}/retry',
    access: 'write',
    summary: 'Run a failed or canceled job again',
    params: jobParams,
    replies: { 200: jobSchema },
    errors: ['not_found', 'conflict'],
  }),
  pause: operation({
    id: 'pauseJob',
    method: 'POST',
    path: '/jobs/{id}/pause',
    access: 'write',
    summary: 'Pause a job; a running attempt ends and is repeated on resume',
    params: jobParams,
    replies: { 200: jobSchema },
    errors: ['not_found', 'conflict'],
  }),
  resume: operation({
    id: 'resumeJob',
    method: 'POST',
    path: '/jobs/{id}/resume',
    access: 'write',
    summary: 'Resume a paused job',
    params: jobParams,
    replies: { 200: jobSchema },
    errors: ['not_found', 'conflict'],
  }),
  update: operation({
    id: 'updateJob',
    method: 'PATCH',
    path: '/jobs/{id}',
    access: 'write',
    summary: 'Change queue, priority or deadline of a job that has not ended',
    params: jobParams,
    body: z
      .strictObject({
        queue: queueSchema.optional(),
        priority: prioritySchema.optional(),
        deadline: timestampSchema.nullable().optional().describe('null takes it away'),
      })
      .refine((change) => Object.values(change).some((value) => value !== undefined), {
        error: 'name queue, priority or deadline',
      }),
    replies: { 200: jobSchema },
    errors: ['not_found', 'conflict'],
  }),
};

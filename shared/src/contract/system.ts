import { z } from 'zod';
import { operation } from './operation.ts';

export const eventSchema = z
  .object({
    seq: z.int(),
    tenant_id: z.string(),
    job_id: z.string().nullable(),
    task_id: z.string().nullable(),
    attempt_id: z.string().nullable(),
    kind: z.string().describe('job, task, attempt, node, key, queue'),
    from: z.string().nullable(),
    to: z.string().nullable(),
    reason: z.string().nullable(),
    at: z.string(),
  })
  .meta({ id: 'Event' });
export type Event = z.infer<typeof eventSchema>;

export const systemOperations = {
  events: operation({
    id: 'followEvents',
    method: 'GET',
    path: '/events',
    access: 'read',
    summary: 'Everything that happens, as server-sent events; resumes after `Last-Event-ID`',
    replies: { 200: null },
    stream: 'sse',
  }),
  health: operation({
    id: 'health',
    method: 'GET',
    path: '/health',
    access: 'open',
    summary: 'Is the master able to store? Checks the database',
    replies: { 200: z.object({ status: z.literal('healthy') }) },
    errors: ['unavailable'],
  }),
  ready: operation({
    id: 'ready',
    method: 'GET',
    path: '/ready',
    access: 'open',
    summary: 'Does the master take requests? 503 while it starts or drains',
    replies: { 200: z.object({ status: z.literal('ready') }) },
    errors: ['unavailable'],
  }),
  version: operation({
    id: 'version',
    method: 'GET',
    path: '/version',
    access: 'open',
    summary: 'Version and protocol',
    replies: { 200: z.object({ name: z.literal('ffrtmp'), version: z.string(), protocol: z.int() }) },
  }),
  openapi: operation({
    id: 'openapi',
    method: 'GET',
    path: '/openapi.json',
    access: 'open',
    summary: 'This API as an OpenAPI 3.1 document',
    replies: { 200: z.looseObject({ openapi: z.string() }) },
  }),
};

import { z } from 'zod';
import { uuidSchema } from '../job/job.ts';
import { operation } from './operation.ts';
import { okSchema } from './parts.ts';

export const keySchema = z
  .object({
    id: uuidSchema,
    tenant_id: z.string(),
    role: z.enum(['admin', 'submitter', 'viewer', 'node', 'join']),
    name: z.string(),
    node_id: z.string().nullable(),
    created_at: z.string(),
    expires_at: z.string().nullable(),
    revoked_at: z.string().nullable(),
  })
  .meta({ id: 'Key' });
export type Key = z.infer<typeof keySchema>;

const keyParams = z.object({ id: uuidSchema });

export const keyOperations = {
  create: operation({
    id: 'createKey',
    method: 'POST',
    path: '/keys',
    access: 'admin',
    summary: 'Make an API key; it is shown once',
    body: z.strictObject({ role: z.enum(['admin', 'submitter', 'viewer']), name: z.string().min(1).max(100) }),
    replies: { 201: keySchema.extend({ key: z.string() }) },
  }),
  list: operation({
    id: 'listKeys',
    method: 'GET',
    path: '/keys',
    access: 'admin',
    summary: 'All keys, without their secrets',
    replies: { 200: z.object({ keys: z.array(keySchema) }) },
  }),
  revoke: operation({
    id: 'revokeKey',
    method: 'DELETE',
    path: '/keys/{id}',
    access: 'admin',
    summary: 'End a key or join token at once',
    params: keyParams,
    replies: { 200: okSchema },
    errors: ['not_found'],
  }),
  createToken: operation({
    id: 'createJoinToken',
    method: 'POST',
    path: '/tokens',
    access: 'admin',
    summary: 'Make a join token for new workers; it is shown once',
    body: z.strictObject({ ttl_s: z.int().min(60).max(31_536_000).default(86_400) }),
    replies: { 201: keySchema.extend({ token: z.string(), ca_fingerprint: z.string().nullable() }) },
  }),
};

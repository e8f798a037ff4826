import { z } from 'zod';
import { progressSchema, uuidSchema } from '../job/job.ts';
import { capabilitiesSchema } from '../node/capabilities.ts';
import { loadSchema, nodeSchema, registrationSchema } from '../node/node.ts';
import { MAX_NODE_POWER, nodeEnergySchema, nodePowerSchema, powerGroupings } from '../node/power.ts';
import { timingSchema } from '../node/timing.ts';
import { operation } from './operation.ts';
import { nodeParams, okSchema, pageQuery } from './parts.ts';

/** The version of the agent–master protocol. Master first, then workers; N and N-1 work together. */
export const PROTOCOL = 1;

/** What the master wants an agent to do. It arrives with a claim’s or a heartbeat’s reply. */
export const orderSchema = z
  .object({
    kind: z.enum(['cancel', 'pause', 'drop']).describe('drop: the lease is somebody else’s by now; kill and delete'),
    attempt_id: uuidSchema,
  })
  .meta({ id: 'Order' });
export type Order = z.infer<typeof orderSchema>;

export const heldAttemptSchema = z.object({
  attempt_id: uuidSchema,
  token: z.string().max(64),
  state: z.enum(['leased', 'running', 'publishing']),
  progress: progressSchema.nullish(),
});
export type HeldAttempt = z.infer<typeof heldAttemptSchema>;

export const nodeOperations = {
  register: operation({
    id: 'registerNode',
    method: 'POST',
    path: '/nodes/register',
    access: 'join',
    summary: 'Register a worker; yields its credential',
    description:
      'The address is the key. A node that proves itself with its credential gets 200 with its old id and its facts updated; another identity under the same address gets 409 with the holder’s id.',
    body: registrationSchema,
    replies: {
      201: nodeSchema.extend({ credential: z.string().nullable().describe('shown once'), timing: timingSchema }),
      200: nodeSchema.extend({ credential: z.string().nullable(), timing: timingSchema }),
    },
    errors: ['address_taken', 'master_as_worker'],
  }),
  list: operation({
    id: 'listNodes',
    method: 'GET',
    path: '/nodes',
    access: 'read',
    summary: 'All nodes',
    replies: { 200: z.object({ nodes: z.array(nodeSchema), count: z.int() }) },
  }),
  get: operation({
    id: 'getNode',
    method: 'GET',
    path: '/nodes/{id}',
    access: 'read',
    summary: 'One node',
    params: nodeParams,
    replies: { 200: nodeSchema },
    errors: ['not_found'],
  }),
  remove: operation({
    id: 'removeNode',
    method: 'DELETE',
    path: '/nodes/{id}',
    access: 'admin',
    summary: 'Forget a node that runs nothing; its credential ends',
    params: nodeParams,
    replies: { 200: okSchema },
    errors: ['not_found', 'conflict'],
  }),
  heartbeat: operation({
    id: 'heartbeat',
    method: 'POST',
    path: '/nodes/{id}/heartbeat',
    access: 'node',
    summary: 'Renews every lease the node holds in one call; the reply carries orders and the timing rules',
    params: nodeParams,
    body: z.object({
      load: loadSchema.nullish(),
      attempts: z.array(heldAttemptSchema).max(1024).default([]),
      capabilities: capabilitiesSchema.nullish().describe('sent when they changed'),
      slots: z.int().min(1).max(1024).optional(),
      power: z
        .array(nodePowerSchema)
        .max(MAX_NODE_POWER)
        .default([])
        .describe('the node’s own energy by source and hour, until the master has answered'),
      leaving: z.boolean().default(false).describe('the agent’s last word: show it as offline at once'),
    }),
    replies: {
      200: z.object({
        renewed: z.array(uuidSchema),
        orders: z.array(orderSchema),
        timing: timingSchema,
        drain: z.boolean(),
        protocol: z.int(),
        power_kept: z
          .boolean()
          .default(true)
          .describe('false: the energy of hours that are over could not be stored now; send it again'),
      }),
    },
    errors: ['not_found'],
  }),
  drain: operation({
    id: 'drainNode',
    method: 'POST',
    path: '/nodes/{id}/drain',
    access: 'admin',
    summary: 'Let a node finish what it runs and give it nothing new',
    params: nodeParams,
    replies: { 200: nodeSchema },
    errors: ['not_found'],
  }),
  resume: operation({
    id: 'resumeNode',
    method: 'POST',
    path: '/nodes/{id}/resume',
    access: 'admin',
    summary: 'End a drain',
    params: nodeParams,
    replies: { 200: nodeSchema },
    errors: ['not_found'],
  }),
  revoke: operation({
    id: 'revokeNode',
    method: 'POST',
    path: '/nodes/{id}/revoke',
    access: 'admin',
    summary: 'End a node’s credential at once; its work goes elsewhere',
    params: nodeParams,
    replies: { 200: okSchema },
    errors: ['not_found'],
  }),
  history: operation({
    id: 'nodeHistory',
    method: 'GET',
    path: '/nodes/{id}/history',
    access: 'read',
    summary: 'How the node’s hardware facts changed over time, newest first',
    params: nodeParams,
    query: z.object({ limit: pageQuery.limit }),
    replies: { 200: z.object({ profiles: z.array(z.object({ valid_from: z.string(), facts: capabilitiesSchema })) }) },
    errors: ['not_found'],
  }),
  energy: operation({
    id: 'nodeEnergy',
    method: 'GET',
    path: '/nodes/{id}/energy',
    access: 'read',
    summary: 'Energy of the whole node by period and source, and of the attempts that ended on it',
    description:
      'Periods are whole hours or days of UTC: the first holds `since`, the last `until`. What the receipts of attempts say stands beside each source, and the difference is a line of its own.',
    params: nodeParams,
    query: z.object({
      since: z.iso.datetime({ offset: true }).optional(),
      until: z.iso.datetime({ offset: true }).optional(),
      by: z.enum(powerGroupings).default('day').describe('by the hour, 31 days at most'),
    }),
    replies: { 200: nodeEnergySchema },
    errors: ['not_found'],
  }),
};

import type { Client } from '@ffrtmp/shared/client';
import { type Claimed, dispatchOperations, type ResultInput } from '@ffrtmp/shared/contract/dispatch';
import { nodeOperations } from '@ffrtmp/shared/contract/nodes';
import type { Figure } from '@ffrtmp/shared/energy/figure';
import type { z } from 'zod';
import type { MasterUnderTest } from './master-under-test.ts';

type ClaimQuery = Partial<z.input<typeof dispatchOperations.claim.query>>;
type ClaimReply = z.output<(typeof dispatchOperations.claim.replies)[200]>;
type HeartbeatBody = z.input<typeof nodeOperations.heartbeat.body>;
type HeartbeatReply = z.output<(typeof nodeOperations.heartbeat.replies)[200]>;

/** A worker as the master sees it: it speaks the contract and runs nothing. */
export interface FakeNode {
  id: string;
  key: string;
  client: Client;
  claim: (query?: ClaimQuery, signal?: AbortSignal) => Promise<ClaimReply>;
  /** Claims one task and fails where there is none. */
  take: () => Promise<Claimed>;
  heartbeat: (body?: HeartbeatBody) => Promise<HeartbeatReply>;
  progress: (claimed: Claimed, state?: 'running' | 'publishing') => Promise<unknown>;
  finish: (claimed: Claimed, fields?: Partial<ResultInput>) => Promise<{ status: string; job_status: string }>;
}

type RegistrationInput = z.input<typeof nodeOperations.register.body>;

export const registrationOf = (address: string, fields: Partial<RegistrationInput> = {}): RegistrationInput => ({
  address,
  cpu_threads: 8,
  cpu_model: 'a CPU',
  ram_bytes: 16e9,
  encoders: [{ name: 'libx264', works: true, fps: 100, reason: null }],
  ...fields,
});

/** Registers a node with the first join token. */
export async function registerNode(
  m: MasterUnderTest,
  address = 'node-a',
  fields: Partial<RegistrationInput> = {},
): Promise<FakeNode> {
  const body = registrationOf(address, fields);
  const made = await m.as(m.joinToken).call(nodeOperations.register, { body });
  return nodeWith(m, made.id, made.credential ?? '');
}

export function nodeWith(m: MasterUnderTest, id: string, key: string): FakeNode {
  const client = m.as(key);
  const claim: FakeNode['claim'] = (query = {}, signal) =>
    client.call(dispatchOperations.claim, { query: { node_id: id, ...query }, ...(signal ? { signal } : {}) });
  return {
    id,
    key,
    client,
    claim,
    async take() {
      const [claimed] = (await claim()).jobs;
      if (!claimed) throw new Error('there was nothing to claim');
      return claimed;
    },
    heartbeat: (body = {}) => client.call(nodeOperations.heartbeat, { params: { id }, body }),
    progress: ({ lease }, state = 'running') =>
      client.call(dispatchOperations.progress, {
        params: { id: lease.attempt_id },
        body: { node_id: id, token: lease.token, state },
      }),
    finish: (claimed, fields = {}) => client.call(dispatchOperations.result, { body: resultOf(id, claimed, fields) }),
  };
}

export const resultOf = (nodeId: string, { job, lease }: Claimed, fields: Partial<ResultInput> = {}): ResultInput => ({
  job_id: job.id,
  node_id: nodeId,
  attempt_id: lease.attempt_id,
  token: lease.token,
  status: 'completed',
  ...fields,
});

export const heldOf = ({ lease }: Claimed, state: 'leased' | 'running' | 'publishing' = 'running') => ({
  attempt_id: lease.attempt_id,
  token: lease.token,
  state,
});

export const joules = (value: number, fields: Partial<Figure> = {}): Figure => ({
  name: 'energy_active',
  value,
  unit: 'J',
  scope: ['cpu'],
  method: 'rapl',
  quality: 'measured',
  coverage: 1,
  low: value,
  high: value,
  source: 'a sensor',
  ...fields,
});

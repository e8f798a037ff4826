import type { CallInput, CallReply } from '@ffrtmp/shared/client';
import { dispatchOperations } from '@ffrtmp/shared/contract/dispatch';
import { jobOperations } from '@ffrtmp/shared/contract/jobs';
import { keyOperations } from '@ffrtmp/shared/contract/keys';
import { nodeOperations } from '@ffrtmp/shared/contract/nodes';
import type { Operation } from '@ffrtmp/shared/contract/operation';
import { queueOperations } from '@ffrtmp/shared/contract/queues';
import { receiptOperations } from '@ffrtmp/shared/contract/receipts';
import { systemOperations } from '@ffrtmp/shared/contract/system';
import { type FakeNode, heldOf, joules, registrationOf, resultOf } from './fake-node.ts';
import type { MasterUnderTest } from './master-under-test.ts';

/**
 * Calls every operation with a JSON reply so that it succeeds, through the typed client, which parses each reply with
 * its schema. Returns the ids of those that did.
 */
export async function visitEveryOperation(m: MasterUnderTest, node: FakeNode): Promise<Set<string>> {
  const visited = new Set<string>();
  const visit: Visit = async (op, input, client = m.client) => {
    const reply = await client.call(op, input);
    visited.add(op.id);
    return reply;
  };
  await visitSystem(visit);
  await visitNodes(m, visit, node);
  await visitJobs(visit, node);
  return visited;
}

type Visit = <const O extends Operation>(
  op: O,
  input: CallInput<O>,
  client?: MasterUnderTest['client'],
) => Promise<CallReply<O>>;

async function visitSystem(visit: Visit): Promise<void> {
  await visit(systemOperations.health, {});
  await visit(systemOperations.ready, {});
  await visit(systemOperations.version, {});
  await visit(systemOperations.openapi, {});
  const key = await visit(keyOperations.create, { body: { role: 'viewer', name: 'a wall' } });
  await visit(keyOperations.list, {});
  await visit(keyOperations.revoke, { params: { id: key.id } });
  await visit(keyOperations.createToken, { body: {} });
}

async function visitNodes(m: MasterUnderTest, visit: Visit, node: FakeNode): Promise<void> {
  const params = { id: node.id };
  const other = await visit(nodeOperations.register, { body: registrationOf('other') }, m.as(m.joinToken));
  await visit(nodeOperations.list, {});
  await visit(nodeOperations.get, { params });
  await visit(nodeOperations.drain, { params });
  await visit(nodeOperations.resume, { params });
  await visit(nodeOperations.history, { params });
  const otherParams = { id: other.id };
  await visit(nodeOperations.revoke, { params: otherParams });
  await visit(nodeOperations.remove, { params: otherParams });
}

async function visitJobs(visit: Visit, node: FakeNode): Promise<void> {
  const job = (await visit(jobOperations.submit, {
    body: { name: 'a film', quality: {}, labels: { show: 'pilot' }, confidence: 0.5, limits: { timeout_sec: 60 } },
  })) as { id: string };
  await visit(jobOperations.submitMany, { body: [{ not_before: '2040-01-01T00:00:00Z' }] });
  const batch = { params: { queue: 'batch' as const } };
  await visit(queueOperations.list, {});
  await visit(queueOperations.update, { ...batch, body: { max_running: 5 } });
  await visit(queueOperations.pause, batch);
  await visit(queueOperations.resume, batch);
  const params = { id: job.id };
  await visit(jobOperations.why, { params });
  await visit(jobOperations.pause, { params });
  await visit(jobOperations.resume, { params });
  await visit(jobOperations.cancel, { params });
  await visit(jobOperations.retry, { params });
  await visit(jobOperations.update, { params, body: { priority: 'high' } });
  await visit(dispatchOperations.claim, { query: { node_id: node.id, slots: 0 } }, node.client);
  const claimed = await node.take();
  const attempt = { id: claimed.lease.attempt_id };
  const fence = { node_id: node.id, token: claimed.lease.token };
  const progress = { percent: 50, phase: 'encode', fps: 25, speed: 1, eta_s: 9, frames: 10, energy: [joules(5)] };
  await visit(dispatchOperations.progress, { params: attempt, body: { ...fence, state: 'running', progress } });
  await visit(dispatchOperations.logs, { params: attempt, body: { ...fence, offset: 0, chunk: 'frame=1\n' } });
  const load = { cpu_percent: 50, ram_free_bytes: 1e9, disk_free_bytes: 1e12 };
  await visit(nodeOperations.heartbeat, {
    params: { id: node.id },
    body: { load, attempts: [{ ...heldOf(claimed), progress }] },
  });
  await visit(jobOperations.get, { params });
  await visit(dispatchOperations.result, {
    body: resultOf(node.id, claimed, { metrics: { duration: 2, frames: 300 }, figures: [joules(10)] }),
  });
  await visit(jobOperations.tasks, { params });
  await visit(jobOperations.attempts, { params });
  await visit(dispatchOperations.getAttempt, { params: attempt });
  await visit(jobOperations.logs, { params });
  await visit(jobOperations.receipt, { params });
  await visit(receiptOperations.period, { query: { by: 'node' } });
  await visit(nodeOperations.energy, { params: { id: node.id } });
  await visit(jobOperations.list, { query: { label: 'show=pilot' } });
  await visit(jobOperations.deadLetters, { query: { queue: 'default' } });
  await visit(jobOperations.cancelMany, { body: { label: 'show=pilot' } });
  await visit(jobOperations.retryMany, { body: { label: 'show=pilot' } });
}

import { type Connection, openConnection } from '@ffrtmp/runtime/connect';
import { newId } from '@ffrtmp/runtime/id';
import { type Claimed, dispatchOperations, type ResultInput } from '@ffrtmp/shared/contract/dispatch';
import { FfrtmpError } from '@ffrtmp/shared/contract/errors';
import { nodeOperations, type Order } from '@ffrtmp/shared/contract/nodes';
import type { Artifact } from '@ffrtmp/shared/job/task';
import { registrationOf } from '../../contract/fake-node.ts';
import { type JournalEntry, outputDigest } from '../check/journal.ts';
import type { Random } from '../random.ts';
import { insist, refusal, upload } from './calls.ts';
import { pace } from './pace.ts';

export interface FakeAgentSettings {
  url: string;
  key: string;
  nodeId: string;
  journal: { push: (entry: JournalEntry) => number };
  random: Random;
  slots: number;
  heartbeatMs: number;
  /** A fake encode takes up to this. */
  workMs: number;
  /** Share of attempts that upload an output. */
  uploads: number;
}

/** An agent that speaks the whole contract, encodes nothing, and journals each reply. */
export interface FakeAgent {
  nodeId: string;
  held: () => number;
  /** Ends after what it holds has been acknowledged. */
  drain: () => Promise<void>;
  /** Ends in the middle of everything. */
  stop: () => Promise<void>;
}

interface Work {
  claimed: Claimed;
  ended: AbortController;
  state: 'leased' | 'running' | 'publishing';
}

/** Registers a node and returns what an agent needs to speak as it. */
export async function joinFake(
  admin: Connection,
  address: string,
  slots: number,
): Promise<{ nodeId: string; key: string; heartbeatMs: number }> {
  const body = registrationOf(address, { slots, cpu_threads: 64, allow_master_as_worker: true });
  const made = await admin.client.call(nodeOperations.register, { body });
  return { nodeId: made.id, key: made.credential ?? '', heartbeatMs: made.timing.heartbeat_ms };
}

const CLAIM_WAIT_S = 5;

export function startFakeAgent(settings: FakeAgentSettings): FakeAgent {
  const { journal, random, nodeId } = settings;
  const connection = openConnection({ url: settings.url, key: settings.key, ca: undefined });
  const { client } = connection;
  const stopped = new AbortController();
  const draining = new AbortController();
  const held = new Map<string, Work>();
  const working = new Set<Promise<void>>();
  /** What the master refused of work that was going well: thrown where the agent is ended. */
  const faults: Error[] = [];

  const obey = (orders: readonly Order[]) => {
    const causes = { cancel: 'canceled', pause: 'paused', drop: 'stale' } as const;
    for (const order of orders) held.get(order.attempt_id)?.ended.abort(causes[order.kind]);
  };

  function accept(claimed: Claimed, sentAt: number): void {
    const { lease, job, task } = claimed;
    if (held.has(lease.attempt_id)) return;
    const ids = { jobId: job.id, taskId: task.id, attemptId: lease.attempt_id, nodeId };
    journal.push({ kind: 'claimed', at: Date.now(), sentAt, number: lease.attempt, ...ids });
    const work: Work = { claimed, ended: new AbortController(), state: 'leased' };
    held.set(lease.attempt_id, work);
    const done = perform(work)
      .catch((error: unknown) => {
        if (!stopped.signal.aborted) faults.push(new Error(`attempt ${lease.attempt_id}`, { cause: error }));
      })
      .finally(() => {
        held.delete(lease.attempt_id);
        working.delete(done);
      });
    working.add(done);
  }

  async function perform(work: Work): Promise<void> {
    const { lease } = work.claimed;
    const signal = AbortSignal.any([stopped.signal, work.ended.signal]);
    let artifacts: Artifact[] = [];
    try {
      await progress(work, 'running', signal);
      await log(work, signal);
      await pace(random.whole(0, settings.workMs), signal);
      if (random.chance(settings.uploads)) {
        await progress(work, 'publishing', signal);
        const text = `made by ${lease.attempt_id}\n`;
        const file = await insist(() => upload(connection, text), signal);
        artifacts = [{ role: 'output', index: 0, name: 'output.mp4', ...file }];
      }
    } catch (error) {
      if (isStale(error)) return stale(lease.attempt_id);
      if (!work.ended.signal.aborted) throw error;
    }
    if (work.ended.signal.reason !== 'stale') await report(work, artifacts);
  }

  const isStale = (error: unknown) => error instanceof FfrtmpError && error.code === 'stale_attempt';
  const stale = (attemptId: string) => void journal.push({ kind: 'stale', at: Date.now(), attemptId });

  async function progress(work: Work, state: 'running' | 'publishing', signal: AbortSignal): Promise<void> {
    const { attempt_id: id, token } = work.claimed.lease;
    work.state = state;
    let sentAt = Date.now();
    const reply = await insist(() => {
      sentAt = Date.now();
      return client.call(dispatchOperations.progress, {
        params: { id },
        body: { node_id: nodeId, token, state },
        signal,
      });
    }, signal);
    journal.push({ kind: 'renewed', at: Date.now(), sentAt, attemptId: id });
    obey(reply.orders);
  }

  async function log(work: Work, signal: AbortSignal): Promise<void> {
    const { attempt_id: id, token } = work.claimed.lease;
    let offset = 0;
    for (let line = random.whole(0, 3); line > 0; line -= 1) {
      const chunk = `${'é'.repeat(random.whole(0, 40))} line ${line} of ${id}\n`;
      const body = { node_id: nodeId, token, offset, chunk };
      await insist(() => client.call(dispatchOperations.logs, { params: { id }, body, signal }), signal);
      journal.push({ kind: 'logged', at: Date.now(), attemptId: id, offset, text: chunk });
      offset += Buffer.byteLength(chunk);
    }
  }

  async function report(work: Work, artifacts: Artifact[]): Promise<void> {
    const { lease, job } = work.claimed;
    const cause = work.ended.signal.reason as 'canceled' | 'paused' | undefined;
    const failed = cause === undefined && random.chance(0.05);
    const status = cause ? 'canceled' : failed ? 'failed' : 'completed';
    const body: ResultInput = {
      ...{ job_id: job.id, node_id: nodeId, attempt_id: lease.attempt_id, token: lease.token },
      status,
      ...(failed ? { error: 'the fake encode failed', failure_class: 'infrastructure' } : {}),
      ...(cause ? { cause } : {}),
      artifacts: status === 'completed' ? artifacts : [],
    };
    try {
      const call = () => client.call(dispatchOperations.result, { body, signal: stopped.signal });
      const reply = await insist(call, stopped.signal);
      const ids = { at: Date.now(), jobId: job.id, attemptId: lease.attempt_id };
      const repeated = reply.status === 'repeated';
      if (status === 'completed')
        journal.push({ kind: 'completed', ...ids, digest: outputDigest(artifacts), repeated });
      else journal.push({ kind: 'ended', ...ids, status });
    } catch (error) {
      if (!isStale(error)) throw error;
      stale(lease.attempt_id);
    }
  }

  async function claims(): Promise<void> {
    let claimId = newId();
    const signal = AbortSignal.any([stopped.signal, draining.signal]);
    while (!signal.aborted) {
      const slots = Math.max(0, settings.slots - held.size);
      const sentAt = Date.now();
      const query = { node_id: nodeId, claim_id: claimId, held: [...held.keys()].join(','), wait: CLAIM_WAIT_S, slots };
      // With no free slot nothing but orders may come: the wait ends when a slot is free.
      const freed = new AbortController();
      if (slots === 0)
        void Promise.race(working)
          .catch(() => undefined)
          .then(() => freed.abort());
      try {
        const any = AbortSignal.any([signal, freed.signal]);
        const reply = await client.call(dispatchOperations.claim, { query, signal: any });
        for (const claimed of reply.jobs) accept(claimed, sentAt);
        obey(reply.orders);
        claimId = newId();
        if (reply.jobs.length === 0) await pace(20, signal);
      } catch (error) {
        if (refusal(error)) throw error;
        await pace(freed.signal.aborted ? 0 : 30, signal);
      }
    }
  }

  async function heartbeats(): Promise<void> {
    while (!stopped.signal.aborted) {
      await pace(settings.heartbeatMs * (0.8 + 0.4 * random.next()), stopped.signal);
      const sentAt = Date.now();
      const attempts = [...held.values()].map(({ claimed: { lease }, state }) => ({
        ...{ attempt_id: lease.attempt_id, token: lease.token, state },
      }));
      const call = { params: { id: nodeId }, body: { attempts }, signal: stopped.signal };
      const reply = await client.call(nodeOperations.heartbeat, call).catch(() => undefined);
      for (const attemptId of reply?.renewed ?? [])
        journal.push({ kind: 'renewed', at: Date.now(), sentAt, attemptId });
      obey(reply?.orders ?? []);
    }
  }

  const claiming = claims();
  const beating = heartbeats();
  for (const loop of [claiming, beating]) loop.catch(() => undefined);
  async function stop(): Promise<void> {
    stopped.abort();
    const ends = await Promise.allSettled([claiming, beating, ...working]);
    await connection.close();
    for (const end of ends) if (end.status === 'rejected') throw end.reason;
    if (faults.length > 0) throw new AggregateError(faults, 'the master refused the work of a living agent');
  }
  return {
    nodeId,
    held: () => held.size,
    stop,
    async drain() {
      draining.abort();
      await claiming;
      await Promise.all(working);
      await stop();
    },
  };
}

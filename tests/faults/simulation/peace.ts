import { DatabaseSync } from 'node:sqlite';
import { delay } from '@ffrtmp/runtime/clock';
import { createClient } from '@ffrtmp/shared/client';
import { jobOperations } from '@ffrtmp/shared/contract/jobs';
import { queueOperations } from '@ffrtmp/shared/contract/queues';
import { queues } from '@ffrtmp/shared/job/job';
import { NOWHERE } from './clients.ts';
import { ADMIN_KEY } from './master-host.ts';
import { MASTER_URL } from './network.ts';
import type { Stage } from './simulate.ts';

export interface Peace {
  over: () => boolean;
  /** What did not come to rest. */
  complaints: () => string[];
}

const ROUND_MS = 2000;
/** A result whose connection was half open is given up after 10 s and sent again within 15. */
const LAST_WORDS_MS = 40_000;
/** Three backoffs, each at most 20 s here, and the leases between them. */
const PATIENCE_MS = 15 * 60_000;

/** After the faults: everything is started and resumed, and all that was accepted has to come to its end. */
export function makePeace({ world, plan, master, agents, network, observed }: Stage): Peace {
  const life = world.life('operator');
  const timers = world.timersOf(life);
  const client = createClient({ baseUrl: MASTER_URL, key: ADMIN_KEY, fetch: network.fetchFor(life) });
  /** Read past the master, which has more to do than to list. */
  const database = new DatabaseSync(master.path, { readOnly: true });
  const inState = database.prepare(
    `SELECT jobs.id, json_extract(body, '$.name') LIKE '%${NOWHERE}' AS nowhere
     FROM jobs JOIN job_bodies ON job_seq = seq WHERE state IN (?, ?)`,
  );
  const withState = (...states: [string, string]) =>
    inState.all(...states).map((row) => ({ id: String(row.id), nowhere: row.nowhere === 1 }));
  const complaints: string[] = [];
  let over = false;

  /** Jobs that have not ended, and why; only that nobody can run it is a reason now. */
  async function unended(): Promise<string[]> {
    const found: string[] = [];
    for (const { id, nowhere } of withState('pending', 'running')) {
      const why = await client.call(jobOperations.why, { params: { id } });
      if (nowhere && (why.reason === 'no_capable_node' || why.reason === 'not_before')) continue;
      found.push(`P2: job ${id} has not ended: ${JSON.stringify(why)}`);
    }
    return found;
  }

  /** True when nothing is left to wait for: a cut that outlasts the faults may still keep all nodes away. */
  async function round(): Promise<boolean> {
    for (const agent of agents) agent.start();
    const paused = withState('paused', 'paused');
    for (const { id } of paused) await client.call(jobOperations.resume, { params: { id } });
    for (const queue of queues) {
      const body = { max_running: null, max_queued: null };
      await client.call(queueOperations.update, { params: { queue }, body });
      await client.call(queueOperations.resume, { params: { queue } });
    }
    const waits = paused.length > 0 || withState('pending', 'running').some((job) => !job.nowhere);
    return !waits && (await unended()).length === 0;
  }

  async function operate(): Promise<void> {
    const untilMs = world.nowMs() + PATIENCE_MS;
    for (;;) {
      await delay(timers, ROUND_MS);
      // The master may still be starting.
      const done = await round().catch(() => false);
      if (done || world.nowMs() > untilMs) break;
    }
    complaints.push(...(await unended()));
    // Orders about attempts that ended reach their agents with the next heartbeat; a call that was lost is given up.
    await delay(timers, plan.leaseMs);
    const heldUntilMs = world.nowMs() + LAST_WORDS_MS;
    while (agents.some((agent) => agent.held().length > 0) && world.nowMs() < heldUntilMs)
      await delay(timers, ROUND_MS);
    for (const agent of agents) {
      if (agent.engines().length > 0) complaints.push(`P4: ${agent.name} still runs ${agent.engines().join(', ')}`);
      if (agent.held().length > 0) complaints.push(`P4: ${agent.name} still holds ${agent.held().join(', ')}`);
    }
    await master.core()?.sweep();
    for (const agent of agents) await agent.stop();
    const core = master.core();
    if (core) observed.lanes = [...core.lanes()].map(({ classId, tenantId, ready }) => ({ classId, tenantId, ready }));
  }

  void operate()
    .catch((error: unknown) => complaints.push(`the operator fails: ${String((error as Error).stack)}`))
    .finally(() => {
      database.close();
      over = true;
    });
  return { over: () => over, complaints: () => complaints };
}

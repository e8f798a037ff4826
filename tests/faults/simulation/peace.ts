import { DatabaseSync } from 'node:sqlite';
import { delay } from '@ffrtmp/runtime/clock';
import { createClient } from '@ffrtmp/shared/client';
import { jobOperations } from '@ffrtmp/shared/contract/jobs';
import { ADMIN_KEY } from './master-host.ts';
import { MASTER_URL } from './network.ts';
import type { Stage } from './simulate.ts';

export interface Peace {
  over: () => boolean;
  /** What did not come to rest. */
  complaints: () => string[];
}

const ROUND_MS = 2000;
/** Three backoffs, each at most 20 s here, and the leases between them. */
const PATIENCE_MS = 15 * 60_000;

/** After the faults: everything is started and resumed, and all that was accepted has to come to its end. */
export function makePeace({ world, plan, master, agents, network, observed }: Stage): Peace {
  const life = world.life('operator');
  const timers = world.timersOf(life);
  const client = createClient({ baseUrl: MASTER_URL, key: ADMIN_KEY, fetch: network.fetchFor(life) });
  /** Read past the master, which has more to do than to list. */
  const database = new DatabaseSync(master.path, { readOnly: true });
  const inState = database.prepare('SELECT id FROM jobs WHERE state IN (?, ?)');
  const withState = (...states: [string, string]) => inState.all(...states).map((row) => String(row.id));
  const complaints: string[] = [];
  let over = false;

  /** True when nothing is left to wait for. */
  async function round(): Promise<boolean> {
    for (const agent of agents) agent.start();
    const paused = withState('paused', 'paused');
    for (const id of paused) await client.call(jobOperations.resume, { params: { id } });
    return paused.length === 0 && withState('pending', 'running').length === 0;
  }

  async function complain(): Promise<void> {
    for (const id of withState('pending', 'running')) {
      const why = await client.call(jobOperations.why, { params: { id } });
      complaints.push(`P2: job ${id} has not ended: ${JSON.stringify(why)}`);
    }
  }

  async function operate(): Promise<void> {
    const untilMs = world.nowMs() + PATIENCE_MS;
    for (;;) {
      await delay(timers, ROUND_MS);
      // The master may still be starting.
      const done = await round().catch(() => false);
      if (done) break;
      if (world.nowMs() > untilMs) return complain();
    }
    // Orders about attempts that ended reach their agents with the next heartbeat.
    await delay(timers, plan.leaseMs);
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

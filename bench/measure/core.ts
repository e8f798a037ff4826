import { systemClock, systemTimers } from '@ffrtmp/runtime/clock';
import { newId } from '@ffrtmp/runtime/id';
import { createLogger } from '@ffrtmp/runtime/log';
import { readConfig } from '@ffrtmp/shared/config';
import type { JobRequestInput } from '@ffrtmp/shared/job/job';
import { jobRequestSchema } from '@ffrtmp/shared/job/job';
import { masterOptions } from '../../master/src/config.ts';
import { buildCore } from '../../master/src/core.ts';
import { type Database, openDatabase } from '../../master/src/database/open.ts';
import type { Handler } from '../../master/src/http/serve.ts';
import type { MasterSettings } from '../../master/src/wiring.ts';
import type { Scope } from '../../tests/support/scope.ts';
import { type Backlog, databaseOf } from './backlog.ts';
import { masterWithBacklog } from './fleet.ts';
import { goodResult, jobRequest } from './work.ts';

export interface TimedCore {
  /** Claims one task, completes it and submits another; the milliseconds that the claim's statements took. */
  claimOne: () => Promise<number>;
}

interface Claimed {
  jobs: { job: { id: string }; lease: { attempt_id: string; token: string } }[];
}

/** The store with a clock around the mutations: from the first statement of a group to before its COMMIT. */
function timedStore(db: Database) {
  let spentMs = 0;
  const timed: Database = {
    ...db,
    write: (mutation) =>
      db.write(async (tx) => {
        const startMs = performance.now();
        const value = await mutation(tx);
        spentMs = performance.now() - startMs;
        return value;
      }),
  };
  return { timed, spent: () => spentMs };
}

/** A master without its network on a store with a backlog: its handlers are called as HTTP would. */
export async function openCore(scope: Scope, backlog: Backlog): Promise<TimedCore> {
  const prepared = await masterWithBacklog(scope, backlog, { count: 1, slots: 1 });
  const [node] = prepared.fleet;
  if (!node) throw new Error('no node was registered');
  const { timed, spent } = timedStore(await openDatabase(databaseOf(prepared.dataDir)));
  const core = await buildCore({
    config: readConfig('master', masterOptions, { argv: [], env: {}, file: undefined }),
    ...{ dataDir: prepared.dataDir, db: timed, clock: systemClock, timers: systemTimers, random: Math.random, newId },
    ...{ log: createLogger('master', 'error'), tls: null, machineId: null },
  } satisfies MasterSettings);
  scope.onEnd(async () => {
    core.stop();
    await timed.close();
  });
  const call = callerOf(core.handlers, node.id);
  const another = jobRequestSchema.parse(jobRequest as JobRequestInput);
  return {
    async claimOne() {
      const query = { node_id: node.id, slots: 1, wait: 0, claim_id: newId(), held: '' };
      const reply = (await call('claim', { query })) as Claimed;
      const ms = spent();
      const [claimed] = reply.jobs;
      if (!claimed) throw new Error('a claim came back empty');
      const { job, lease } = claimed;
      const names = { job_id: job.id, node_id: node.id, attempt_id: lease.attempt_id, token: lease.token };
      await call('postResult', { body: { ...goodResult, artifacts: [], ...names } });
      await call('submitJobs', { body: another, headers: {}, raw: { headers: {} } });
      return ms;
    },
  };
}

function callerOf(handlers: readonly Handler[], nodeId: string) {
  const caller = { keyId: 'bench', role: 'admin', tenantId: 'default', nodeId };
  const signal = new AbortController().signal;
  return (id: string, parts: object): Promise<unknown> => {
    const handler = handlers.find(({ operation }) => operation.id === id);
    if (!handler) throw new Error(`there is no operation ${id}`);
    return handler.run({ caller, signal, ...parts } as never);
  };
}

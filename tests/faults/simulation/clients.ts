import { delay } from '@ffrtmp/runtime/clock';
import { type Client, createClient } from '@ffrtmp/shared/client';
import { FfrtmpError } from '@ffrtmp/shared/contract/errors';
import { jobOperations } from '@ffrtmp/shared/contract/jobs';
import { queueOperations } from '@ffrtmp/shared/contract/queues';
import { type Job, type JobRequestInput, priorities, queues } from '@ffrtmp/shared/job/job';
import type { JournalEntry } from '../check/journal.ts';
import type { Chance } from './chance.ts';
import { ADMIN_KEY } from './master-host.ts';
import { MASTER_URL, type Network } from './network.ts';
import { EPOCH_MS, type World } from './world.ts';

export interface ClientParts {
  world: World;
  network: Network;
  name: string;
  /** Pause between two calls, at most. */
  pauseMs: number;
  /** Everybody's jobs, to act on. */
  jobs: string[];
  journal: JournalEntry[];
}

/** How often a call whose reply was lost is made again. */
const TRIES = 4;
/** Ends the names of jobs that no node can run. */
export const NOWHERE = 'nowhere';
/** Longest time that a job asks to be held back. */
const LATER_MS = 20_000;

function requestOf(chance: Chance, name: string, nowMs: number): JobRequestInput {
  return {
    name,
    scenario: '360p-h264',
    queue: chance.pick(queues),
    priority: chance.pick(priorities),
    // Half of these are published only when they are good enough; which, follows from the name.
    ...(chance.is(0.25)
      ? { quality: { metrics: ['psnr'] as const as ['psnr'], ...(/[02468]$/.test(name) ? { min: { psnr: 40 } } : {}) } }
      : {}),
    ...(chance.is(0.15) ? { max_retries: chance.below(3) } : {}),
    ...(chance.is(0.15) ? { resources: { cpu_threads: chance.pick([2, 8]) } } : {}),
    ...(name.endsWith(NOWHERE) ? { node_selector: { place: 'nowhere' } } : {}),
    ...(chance.is(0.15)
      ? { not_before: new Date(EPOCH_MS + Math.floor(nowMs + chance.between(0, LATER_MS))).toISOString() }
      : {}),
  };
}

/** Somebody who submits jobs and changes their mind, and writes down what they were told. */
export function startClient({ world, network, name, pauseMs, jobs, journal }: ClientParts): { stop: () => void } {
  const life = world.life(name);
  const timers = world.timersOf(life);
  const chance = world.chance.fork(name);
  const client: Client = createClient({ baseUrl: MASTER_URL, key: ADMIN_KEY, fetch: network.fetchFor(life) });
  const at = () => Math.floor(EPOCH_MS + world.nowMs());
  let made = 0;

  /** A reply that was lost is asked for again with the same request; a refusal is an answer. */
  async function insist<T>(call: () => Promise<T>): Promise<T | undefined> {
    for (let tries = 0; tries < TRIES; tries += 1) {
      try {
        return await call();
      } catch (error) {
        if (!(error instanceof FfrtmpError)) throw error;
        const lost = error.code === 'master_unreachable' || error.httpStatus >= 500;
        if (!lost) return undefined;
        await delay(timers, chance.between(50, 2000));
      }
    }
    return undefined;
  }

  async function submit(): Promise<void> {
    made += 1;
    const key = `${name}-${made}${chance.is(0.04) ? `-${NOWHERE}` : ''}`;
    const body = requestOf(chance, key, world.nowMs());
    const headers = { 'idempotency-key': key };
    const told = (job: Job) => {
      journal.push({ kind: 'submitted', at: at(), jobId: job.id, key, body: JSON.stringify(body) });
      if (!jobs.includes(job.id)) jobs.push(job.id);
    };
    const job = await insist(() => client.call(jobOperations.submit, { body, headers }));
    if (job !== undefined) told(job as Job);
    // Again, as a client does that was restarted; and with another body, which has to be refused.
    if (chance.is(0.15)) {
      const other = chance.is(0.5) ? body : { ...body, max_retries: 7 };
      const again = await insist(() => client.call(jobOperations.submit, { body: other, headers }));
      if (again !== undefined)
        journal.push({ kind: 'submitted', at: at(), jobId: (again as Job).id, key, body: JSON.stringify(other) });
    }
  }

  async function submitMany(): Promise<void> {
    made += 1;
    const key = `${name}-${made}`;
    const bodies = Array.from({ length: 2 + chance.below(4) }, (_, index) =>
      requestOf(chance, `${key}-${index}`, world.nowMs()),
    );
    const headers = { 'idempotency-key': key };
    const reply = await insist(() => client.call(jobOperations.submit, { body: bodies, headers }));
    if (reply === undefined || !('jobs' in reply)) return;
    for (const job of reply.jobs) {
      jobs.push(job.id);
      journal.push({ kind: 'submitted', at: at(), jobId: job.id, key: job.name ?? '' });
    }
  }

  /** A verb on a job. Only a reply is written down. */
  async function act(
    verb: 'cancel' | 'retry' | 'pause' | 'resume',
    kind: 'canceled' | 'retried' | null,
  ): Promise<void> {
    const jobId = chance.pick(jobs);
    if (jobId === undefined) return;
    const done = await client.call(jobOperations[verb], { params: { id: jobId } }).catch(() => undefined);
    if (done && kind) journal.push({ kind, at: at(), jobId });
  }

  async function move(): Promise<void> {
    const id = chance.pick(jobs);
    if (id === undefined) return;
    const body = chance.is(0.5) ? { queue: chance.pick(queues) } : { priority: chance.pick(priorities) };
    await client.call(jobOperations.update, { params: { id }, body }).catch(() => undefined);
  }

  async function rule(): Promise<void> {
    const params = { queue: chance.pick(queues) };
    const verb = chance.pick(['pause', 'resume', 'resume', 'cap'] as const);
    const call =
      verb === 'cap'
        ? client.call(queueOperations.update, { params, body: { max_running: 1 + chance.below(3) } })
        : client.call(queueOperations[verb], { params });
    await call.catch(() => undefined);
  }

  async function look(): Promise<void> {
    const id = chance.pick(jobs);
    if (id === undefined) return;
    await client.call(jobOperations.get, { params: { id } }).catch(() => undefined);
  }

  async function many(): Promise<void> {
    const retry = chance.is(0.7);
    const operation = retry ? jobOperations.retryMany : jobOperations.cancelMany;
    const body = retry ? { status: chance.pick(['failed', 'canceled'] as const) } : { queue: chance.pick(queues) };
    const reply = await client.call(operation, { body }).catch(() => undefined);
    const kind = retry ? 'retried' : 'canceled';
    for (const jobId of reply?.ids ?? []) journal.push({ kind, at: at(), jobId });
  }

  const deeds: readonly [number, () => Promise<void>][] = [
    [0.41, submit],
    [0.04, rule],
    [0.06, submitMany],
    [0.12, () => act('cancel', 'canceled')],
    [0.08, () => act('retry', 'retried')],
    [0.08, () => act('pause', null)],
    [0.08, () => act('resume', null)],
    [0.06, move],
    [0.05, look],
    [0.02, many],
  ];

  function choose(): () => Promise<void> {
    let left = chance.next();
    for (const [share, deed] of deeds) {
      left -= share;
      if (left < 0) return deed;
    }
    return submit;
  }

  async function live(): Promise<void> {
    for (;;) {
      await delay(timers, chance.between(10, pauseMs));
      await choose()();
    }
  }
  void live();
  return {
    stop() {
      life.alive = false;
      network.hungUp(life);
    },
  };
}

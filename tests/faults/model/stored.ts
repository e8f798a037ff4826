import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemTimers, type Timers } from '@ffrtmp/runtime/clock';
import { newId } from '@ffrtmp/runtime/id';
import { createLogger } from '@ffrtmp/runtime/log';
import { readConfig } from '@ffrtmp/shared/config';
import { type Claimed, dispatchOperations, resultSchema } from '@ffrtmp/shared/contract/dispatch';
import { FfrtmpError } from '@ffrtmp/shared/contract/errors';
import { jobOperations } from '@ffrtmp/shared/contract/jobs';
import { nodeOperations } from '@ffrtmp/shared/contract/nodes';
import type { Operation } from '@ffrtmp/shared/contract/operation';
import { queueOperations } from '@ffrtmp/shared/contract/queues';
import { jobRequestSchema } from '@ffrtmp/shared/job/job';
import { registrationSchema } from '@ffrtmp/shared/node/node';
import type { z } from 'zod';
import { masterOptions } from '../../../master/src/config.ts';
import { buildCore, type MasterCore } from '../../../master/src/core.ts';
import { type Database, openDatabase } from '../../../master/src/database/open.ts';
import { p, statement } from '../../../master/src/database/statement.ts';
import { DEFAULT_TENANT } from '../../../master/src/database/tables.ts';
import { AGING_MS, LEASE_MS, type Machine, machines, NODES, RESERVE_MS, type Submission, WEIGHTS } from './steps.ts';
import type { ModelClock, Sight, Subject } from './subject.ts';

const MIB = 1 << 20;
/** The first is the one that keys belong to. */
const tenants = WEIGHTS.map((_, index) => (index === 0 ? DEFAULT_TENANT : `tenant-${index}`));

const insertTenant = statement((q) =>
  q.insertInto('tenants').values({ id: p('id'), name: p('id'), created_at: 0, weight: p('weight') }),
);
const allJobs = statement((q) => q.selectFrom('jobs').select('state').orderBy('seq'));
const allTasks = statement((q) => q.selectFrom('tasks').selectAll());
const allLive = statement((q) =>
  q
    .selectFrom('attempts')
    .innerJoin('tasks', 'tasks.id', 'attempts.task_id')
    .select(['tasks.job_seq', 'tasks.position', 'attempts.number', 'attempts.node_id'])
    .where('attempts.ended_at', 'is', null),
);

interface Stored {
  core: MasterCore;
  call: (operation: Operation, parts: object, caller?: object) => Promise<unknown>;
  nodeIds: string[];
  nowMs: () => number;
  held: Map<string, { claimed: Claimed; node: number }>;
  random: number;
}

/** A timer never fires by itself: what is due happens when the test says so. */
const still: Timers = { after: () => () => undefined, nextTurn: systemTimers.nextTurn };

/** The master as it is built for production, over SQLite in memory, called by its handlers. */
export async function storedSubject(clock: ModelClock, order: 'strict' | 'weighted'): Promise<Subject> {
  const nowMs = () => clock.nowMs;
  const dataDir = mkdtempSync(join(tmpdir(), 'ffrtmp-model-'));
  const db = await openDatabase(':memory:');
  await db.write(async (tx) => {
    for (const [index, weight] of WEIGHTS.entries()) await tx.run(insertTenant, { id: tenants[index] ?? '', weight });
  });
  const flags = ['--lease', `${LEASE_MS}ms`, '--queue-order', order, '--aging-step', `${AGING_MS}ms`];
  const times = ['--reserve-after', `${RESERVE_MS}ms`, '--stall-timeout', '2400h'];
  const world: Pick<Stored, 'random'> = { random: 0 };
  const core = await buildCore({
    config: readConfig('master', masterOptions, { argv: [...flags, ...times], env: {}, file: undefined }),
    ...{ dataDir, db, newId, tls: null, machineId: null, timers: still, log: createLogger('master', 'silent') },
    clock: { now: nowMs, monotonicMs: nowMs },
    random: () => world.random,
  });
  const stored: Stored = Object.assign(world, { core, call: callsOf(core), nodeIds: [], nowMs, held: new Map() });
  const close = async () => {
    core.stop();
    await db.close();
    rmSync(dataDir, { recursive: true, force: true });
  };
  try {
    for (let index = 0; index < NODES; index += 1) await register(stored, index, machines[index % machines.length]);
  } catch (error) {
    await close();
    throw error;
  }
  return { ...verbsOf(stored), look: () => look(stored, db), close };
}

/** Performs an operation as its route would, after validation. */
function callsOf(core: MasterCore): Stored['call'] {
  const byId = new Map(core.handlers.map((handler) => [handler.operation.id, handler]));
  const reply = { code: () => reply };
  const { signal } = new AbortController();
  return async (operation, parts, caller = {}) => {
    const request = {
      ...{ params: {}, query: {}, headers: {}, body: undefined, raw: { headers: {} }, reply, signal, ...parts },
      caller: { keyId: 'k', role: 'admin', tenantId: tenants[0], nodeId: null, ...caller },
    };
    return byId.get(operation.id)?.run(request as never);
  };
}

async function register(stored: Stored, index: number, machine: Machine | undefined): Promise<void> {
  if (!machine) return;
  const encoders = machine.encoders.map((name) => ({ name, works: true, fps: 1, reason: null }));
  const body = registrationSchema.parse({
    ...{ address: `node-${index}`, slots: machine.slots, cpu_threads: machine.threads, cpu_model: 'c', encoders },
    ...{ ram_bytes: machine.ramMb * MIB, gpu_sessions: machine.gpu, pool: machine.pool },
    labels: machine.label === null ? {} : { only: machine.label },
  });
  const made = (await stored.call(nodeOperations.register, { body }, { nodeId: stored.nodeIds[index] ?? null })) as {
    id: string;
  };
  stored.nodeIds[index] = made.id;
  await heartbeat(stored, index, {});
}

const heldBy = ({ held }: Stored, index: number) =>
  [...held.values()].filter((one) => one.node === index).map(({ claimed: { lease } }) => lease);

function heartbeat(stored: Stored, index: number, fields: object): Promise<unknown> {
  const attempts = heldBy(stored, index).map(({ attempt_id, token }) => ({ attempt_id, token, state: 'leased' }));
  const params = { id: stored.nodeIds[index] };
  const body = nodeOperations.heartbeat.body.parse({ attempts, ...fields });
  return stored.call(nodeOperations.heartbeat, { params, body });
}

const keyOf = ({ job, task }: Pick<Claimed, 'job' | 'task'>) =>
  `${job.sequence_number}.${task.kind === 'transcode' ? 0 : 1}`;
const isConflict = (error: unknown) => {
  if (error instanceof FfrtmpError && error.code === 'conflict') return false;
  throw error;
};

function verbsOf(stored: Stored): Omit<Subject, 'look' | 'close'> {
  const { call } = stored;
  const tenantOf = new Map<number, string>();
  const onJob = (operation: Operation, seq: number, body?: object) =>
    call(operation, { params: { id: String(seq) }, body }, { tenantId: tenantOf.get(seq) }).then(
      () => true,
      isConflict,
    );
  const result = async (key: string, fields: object) => {
    const lease = stored.held.get(key);
    if (!lease) throw new Error(`nobody holds ${key}`);
    const { claimed, node } = lease;
    stored.held.delete(key);
    const own = { job_id: claimed.job.id, node_id: stored.nodeIds[node], attempt_id: claimed.lease.attempt_id };
    const body = resultSchema.parse({ ...own, token: claimed.lease.token, ...fields });
    await call(dispatchOperations.result, { body });
  };
  return {
    async submit(job) {
      const tenantId = tenants[job.tenant] ?? '';
      const stored = await call(jobOperations.submit, { body: requestOf(job) }, { tenantId });
      tenantOf.set((stored as { sequence_number: number }).sequence_number, tenantId);
    },
    claim: (claims) =>
      Promise.all(
        claims.map(async ({ node, slots }) => {
          const query = { node_id: stored.nodeIds[node], slots, wait: 0 };
          const { jobs } = (await call(dispatchOperations.claim, { query })) as { jobs: Claimed[] };
          for (const claimed of jobs) stored.held.set(keyOf(claimed), { claimed, node });
          return jobs.map(keyOf);
        }),
      ),
    finish: (key) => result(key, { status: 'completed' }),
    async fail(key, failure_class, random) {
      stored.random = random;
      await result(key, { status: 'failed', failure_class, error: 'as asked' });
    },
    verb: (verb, seq) => onJob(jobOperations[verb], seq),
    move: (seq, queue, priority) => onJob(jobOperations.update, seq, { queue, priority }),
    async rules(tenant, queue, { paused, maxRunning }) {
      const caller = { tenantId: tenants[tenant] };
      const operation = paused ? queueOperations.pause : queueOperations.resume;
      if (paused !== undefined) await call(operation, { params: { queue } }, caller);
      const body = { max_running: maxRunning };
      if (maxRunning !== undefined) await call(queueOperations.update, { params: { queue }, body }, caller);
    },
    async heard(nodes) {
      for (const index of nodes) await heartbeat(stored, index, {});
    },
    sweep: async () => void (await stored.core.sweep()),
    async drain(node, draining) {
      const operation = draining ? nodeOperations.drain : nodeOperations.resume;
      await call(operation, { params: { id: stored.nodeIds[node] } });
    },
    register: (node, machine) => register(stored, node, machine),
    async disk(node, freeMb) {
      const load = { cpu_percent: null, ram_free_bytes: null, disk_free_bytes: freeMb * MIB };
      await heartbeat(stored, node, { load });
    },
  };

  function requestOf({ queue, priority, wish, quality, notBeforeMs, maxRetries }: Submission) {
    const at = notBeforeMs === null ? undefined : new Date(stored.nowMs() + notBeforeMs).toISOString();
    const { threads, ramMb, gpu, diskMb, pool, label } = wish;
    return jobRequestSchema.parse({
      ...{ scenario: '360p', parameters: { encoder: wish.encoder }, queue, priority, pool, max_retries: maxRetries },
      ...(at === undefined ? {} : { not_before: at }),
      ...(quality ? { quality: {} } : {}),
      node_selector: label === null ? {} : { only: label },
      resources: {
        ...(threads === null ? {} : { cpu_threads: threads }),
        ...(ramMb === 0 ? {} : { ram_mb: ramMb }),
        ...(gpu === 0 ? {} : { gpu_sessions: gpu }),
        ...(diskMb === 0 ? {} : { disk_mb: diskMb }),
      },
    });
  }
}

async function look(stored: Stored, { read }: Pick<Database, 'read'>): Promise<Sight> {
  const tasks = (await read(allTasks)).map((task) => {
    const { state, attempts, failures, losses } = task;
    const seen = { state, claimable: task.claimable === 1, attempts, failures, losses };
    return [`${task.job_seq}.${task.position}`, seen] as const;
  });
  const live = (await read(allLive)).map((row) => ({
    key: `${row.job_seq}.${row.position}`,
    number: row.number,
    node: stored.nodeIds.indexOf(row.node_id),
  }));
  const alive = new Set(live.map((one) => one.key));
  for (const key of stored.held.keys()) if (!alive.has(key)) stored.held.delete(key);
  const counted = new Map<string, number>();
  for (const [index, tenantId] of tenants.entries()) {
    const listed = (await stored.call(queueOperations.list, {}, { tenantId })) as QueueList;
    for (const { queue, priorities } of listed.queues)
      for (const { priority, ready } of priorities) if (ready > 0) counted.set(`${queue}/${priority}/${index}`, ready);
  }
  const { nodes } = (await stored.call(nodeOperations.list, {})) as { nodes: { id: string; reserved: boolean }[] };
  const kept = nodes.filter((node) => node.reserved).map((node) => stored.nodeIds.indexOf(node.id));
  const jobs = (await read(allJobs)).map((job) => job.state);
  return { jobs, tasks: new Map(tasks), live, counted, kept: kept.sort((a, b) => a - b) };
}

type QueueList = z.output<(typeof queueOperations.list.replies)[200]>;

import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, closeSync, openSync, readdirSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { jobOperations } from '@ffrtmp/shared/contract/jobs';
import type { Job } from '@ffrtmp/shared/job/job';
import { waitForJob } from '../../support/events.ts';
import { startAgent } from '../../support/fleet.ts';
import { processesOf } from '../../support/leaks.ts';
import { openMemoryGroup } from '../../support/memory-limit.ts';
import type { Scope } from '../../support/scope.ts';
import { until } from '../../support/until.ts';
import { insist } from '../load/calls.ts';
import { quickEngine } from '../load/quick-engine.ts';
import { openSeat, type Seat } from './seat.ts';

/** Layer H, each by itself: returns what was broken, or why it cannot be tried here. */
export type Hardship = (scope: Scope) => Promise<{ violations: string[]; skipped?: string }>;

const never = new AbortController().signal;

async function submit(seat: Seat, key: string): Promise<Job> {
  const body = { name: key, scenario: '64x36-h264-ultrafast', parameters: { duration: 0.2, width: 64, height: 36 } };
  const call = () => seat.admin.client.call(jobOperations.submit, { headers: { 'idempotency-key': key }, body });
  const job = (await insist(call, never)) as Job;
  seat.journal.push({ kind: 'submitted', at: Date.now(), jobId: job.id, key });
  return job;
}

/** So few that a hundred connections use them up, and enough for a master to start. */
const OPEN_FILES = 64;

/** A master without file handles answers on the connections it has, loses nothing, and recovers when some are free. */
export const noFileHandles: Hardship = async (scope) => {
  const seat = await openSeat(scope);
  const { program } = await seat.start({}, ['/bin/sh', '-c', `ulimit -n ${OPEN_FILES} && exec "$@"`, 'sh']);
  const { port, hostname } = new URL(seat.url);
  await submit(seat, 'before');
  const sockets: Socket[] = [];
  for (let count = 0; count < 2 * OPEN_FILES; count += 1) {
    const socket = connect(Number(port), hostname);
    sockets.push(socket);
    await Promise.race([once(socket, 'connect'), once(socket, 'error')]);
  }
  // The kernel completes a connection before the master has taken it.
  const used = () => readdirSync(`/proc/${program.pid}/fd`).length;
  await until('no free handle', () => used() >= OPEN_FILES - 2, 20_000).catch(() => undefined);
  const most = used();
  const crowded = submit(seat, 'crowded');
  for (const socket of sockets) socket.destroy();
  await crowded;
  await submit(seat, 'after');
  const exit = await program.stop();
  return {
    violations: [
      ...(most >= OPEN_FILES - 2 ? [] : [`only ${most} of ${OPEN_FILES} handles were used: nothing was tried`]),
      ...seat.check(),
      ...(exit.code === 0 ? [] : [`the master ended with ${exit.code ?? exit.signal}`]),
    ],
  };
};

/** Enough for a master at rest and not for what is sent to it. */
const MASTER_MB = 110;

/** A master the kernel kills for its memory has lost nothing it acknowledged. */
export const outOfMemory: Hardship = async (scope) => {
  const group = openMemoryGroup(scope, MASTER_MB);
  if (!group) return { violations: [], skipped: 'this user may not limit memory by cgroup' };
  const seat = await openSeat(scope);
  const { program } = await seat.start({}, group.within);
  const labels = Object.fromEntries(Array.from({ length: 8 }, (_, index) => [`l${index}`, 'x'.repeat(200)]));
  let dead = false;
  void program.exited.then(() => (dead = true));
  async function client(number: number): Promise<void> {
    for (let round = 0; !dead && round < 200; round += 1) {
      const names = Array.from({ length: 500 }, (_, index) => `bulk-${number}-${round}-${index}`);
      const body = names.map((name) => ({ name, labels }));
      const reply = await seat.admin.client.call(jobOperations.submit, { body }).catch(() => undefined);
      for (const job of (reply as { jobs: Job[] } | undefined)?.jobs ?? [])
        seat.journal.push({ kind: 'submitted', at: Date.now(), jobId: job.id, key: job.name ?? '' });
    }
  }
  await Promise.all(Array.from({ length: 12 }, (_, index) => client(index)));
  if (!dead) await program.stop();
  const { program: next, ready } = await seat.start();
  if (ready) await submit(seat, 'after');
  await next.stop();
  return {
    violations: [
      ...(dead ? [] : [`${MASTER_MB} MB were enough: nothing was tried`]),
      ...(ready ? [] : ['no master starts on what was left']),
      ...seat.check(),
    ],
  };
};

/** A database whose header is overwritten: refused with its name, a code and no stack. */
export const damagedDatabase: Hardship = async (scope) => {
  const seat = await openSeat(scope);
  const path = join(seat.dataDir, 'master.db');
  const file = openSync(path, 'r+');
  writeSync(file, Buffer.alloc(100, 'no database'), 0, 100, 0);
  closeSync(file);
  const { program, ready } = await seat.start();
  const exit = await program.exited;
  const said = program
    .stderr()
    .split('\n')
    .filter((line) => !line.startsWith('(node:'));
  return {
    violations: [
      ...(ready ? ['a master started on a damaged database'] : []),
      ...(exit.code === 9 ? [] : [`the exit code is ${exit.code ?? exit.signal} and not 9`]),
      ...(/^error: .*master\.db is damaged/.test(said[0] ?? '') && said.length === 1
        ? []
        : [`it said: ${said.join(' / ')}`]),
    ],
  };
};

/** Far above every limit, far below what would hurt if it were kept. */
const FLOOD_BYTES = 256 << 20;
const MAX_GROWTH_KB = 96 << 10;

/** A body without end is refused while it comes, is not kept, and the next caller is served. */
export const oversizedBodies: Hardship = async (scope) => {
  const seat = await openSeat(scope);
  const { program } = await seat.start();
  const residentKb = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${program.pid}/status`, 'utf8'))?.[1]);
  await submit(seat, 'before');
  const atRest = residentKb();
  const codes = await Promise.all([flood(seat, {}), flood(seat, { 'content-length': String(FLOOD_BYTES) })]);
  await submit(seat, 'after');
  const grown = residentKb() - atRest;
  await program.stop();
  return {
    violations: [
      ...codes.filter((code) => code !== 413 && code !== 0).map((code) => `an oversized body was answered ${code}`),
      ...(codes.includes(413) ? [] : ['nobody was told that the body is too large']),
      ...(grown < MAX_GROWTH_KB ? [] : [`the master grew by ${grown} KB`]),
      ...seat.check(),
    ],
  };
};

/** Sends a body that never stops being one; the status it was answered with, or 0 for a connection that was cut. */
function flood(seat: Seat, headers: Record<string, string>): Promise<number> {
  const chunk = Buffer.alloc(1 << 20, ' ');
  return new Promise((resolve) => {
    const outgoing = request(`${seat.url}/jobs`, {
      method: 'POST',
      headers: { authorization: `Bearer ${seat.key}`, 'content-type': 'application/json', ...headers },
    });
    let sent = 0;
    const more = () => {
      while (sent < FLOOD_BYTES && !outgoing.destroyed) {
        sent += chunk.length;
        if (!outgoing.write(chunk)) return void outgoing.once('drain', more);
      }
    };
    outgoing.once('response', (incoming) => {
      incoming.resume();
      resolve(incoming.statusCode ?? 0);
      outgoing.destroy();
    });
    outgoing.once('error', () => resolve(0));
    more();
  });
}

/** An engine that leaves a stubborn child and a zombie behind: the job completes, and the node is as it was. */
export const stubbornChildren: Hardship = async (scope) => {
  const seat = await openSeat(scope);
  const { program: master } = await seat.start();
  const path = join(scope.folder('stubborn'), 'ffmpeg');
  const child = `trap '' TERM; while :; do ${execFileSync('/bin/sh', ['-c', 'command -v sleep'], { encoding: 'utf8' }).trim()} 1; done`;
  writeFileSync(
    path,
    `#!/bin/sh\ncase "$PWD" in */jobs/*) (${child}) & (:) & ;; esac\nexec ${quickEngine(scope)} "$@"\n`,
  );
  chmodSync(path, 0o755);
  const agent = await startAgent(
    scope,
    { url: seat.url, adminKey: seat.key, dataDir: seat.dataDir },
    {
      address: 'one',
      compiled: true,
      args: ['--ffmpeg', path, '--metrics=false'],
    },
  );
  seat.agentDirs.push(agent.dataDir);
  const { id } = await submit(seat, 'with children');
  const job = await waitForJob({ connection: seat.admin }, id, undefined, 30_000);
  const left = () => processesOf(join(agent.dataDir, 'jobs'));
  const gone = await until('the end of the children', () => left().length === 0, 5000).catch(() => false);
  const zombies = zombiesOf(agent.program.pid);
  await agent.program.stop();
  await master.stop();
  return {
    violations: [
      ...(job.status === 'completed' ? [] : [`the job is ${job.status}: ${job.error}`]),
      ...(gone ? [] : left().map(({ pid, command }) => `a child outlived its engine: ${pid} ${command}`)),
      ...zombies.map((pid) => `${pid} is a zombie of the agent`),
      ...seat.check({ dataDir: seat.dataDir, agentDirs: seat.agentDirs, swept: true }),
    ],
  };
};

function zombiesOf(parent: number): string[] {
  return readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      const [, state, owner] =
        / \(.*\) (\w) (\d+)/.exec(` ${readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^\d+/, '')}`) ?? [];
      return state === 'Z' && Number(owner) === parent;
    } catch {
      return false;
    }
  });
}

export const hardships: Record<string, Hardship> = {
  'no file handles': noFileHandles,
  'out of memory': outOfMemory,
  'damaged database': damagedDatabase,
  'oversized bodies': oversizedBodies,
  'stubborn children of an engine': stubbornChildren,
};

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { uploadFile } from '@ffrtmp/runtime/transfer';
import { jobOperations } from '@ffrtmp/shared/contract/jobs';
import type { Event } from '@ffrtmp/shared/contract/system';
import type { Job } from '@ffrtmp/shared/job/job';
import { engine } from '../support/engine.ts';
import { waitForEvent, waitForJob } from '../support/events.ts';
import { attemptsOf, tasksOf } from '../support/film.ts';
import { type RunningAgent, type RunningMaster, restartMaster, startAgent, startMaster } from '../support/fleet.ts';
import { clip } from '../support/media.ts';
import { openScope } from '../support/scope.ts';
import { jobDirs } from '../support/until.ts';

/** Clients submit a job, wait until it has ended, and submit the next: load lasts as long as the restarts. */
const CLIENTS = 6;
const JOBS_OF_A_CLIENT = 5;
const SLOTS = 2;

/** The master as clients see it: one that may be away, and comes back under the same address. */
interface Front {
  master: RunningMaster;
  back: Promise<unknown>;
}

/** Asks again when the master went away meanwhile; any other failure is one. */
async function surely<T>(front: Front, ask: (master: RunningMaster) => Promise<T>): Promise<T> {
  for (;;) {
    const { master } = front;
    try {
      return await ask(master);
    } catch (error) {
      await front.back;
      if (front.master === master) throw error;
    }
  }
}

async function runClient(front: Front, name: string, sha256: string): Promise<Job[]> {
  const jobs: Job[] = [];
  for (let number = 0; number < JOBS_OF_A_CLIENT; number += 1) {
    const key = `${name}-${number}`;
    const call = {
      headers: { 'idempotency-key': key },
      body: { name: key, scenario: '180p-h264-ultrafast', input: { sha256 } },
    };
    const { id } = await surely(front, async (master) => (await master.client.call(jobOperations.submit, call)) as Job);
    jobs.push(await surely(front, (master) => waitForJob(master, id)));
  }
  return jobs;
}

/** The stream then begins with what is new. */
const AFTER_ALL = String(Number.MAX_SAFE_INTEGER);

/** Waits until an attempt begins to run on the agent, from now on. */
async function untilWorks(master: RunningMaster, { address }: RunningAgent): Promise<void> {
  const isLeased = ({ kind, to, reason }: Event) => kind === 'attempt' && to === 'leased' && reason === address;
  const leased = await waitForEvent(master, isLeased, { after: AFTER_ALL });
  await waitForEvent(master, ({ attempt_id, to }) => attempt_id === leased.attempt_id && to === 'running');
}

test('Agents and master restarted one after the other under load lose no job and cost none an attempt', async (t) => {
  const scope = openScope(t);
  const first = await startMaster(scope);
  const engineArgs = ['--ffmpeg', engine(scope, { paced: true }), '--max-concurrent-jobs', String(SLOTS)];
  const args = [...engineArgs, '--poll-interval', '500ms'];
  const agents = await Promise.all(['one', 'two'].map((address) => startAgent(scope, first, { address, args })));
  const { sha256 } = await uploadFile(first.connection, await clip('motion', { seconds: 1 }));
  const front: Front = { master: first, back: Promise.resolve() };
  const startedMs = performance.now();
  const clients = Promise.all(
    Array.from({ length: CLIENTS }, (_, index) => runClient(front, `client-${index}`, sha256)),
  );
  clients.catch(() => undefined);

  async function restartAgent(agent: RunningAgent | undefined): Promise<void> {
    assert.ok(agent);
    await untilWorks(front.master, agent);
    assert.deepEqual(await agent.program.stop('SIGTERM'), { code: 0, signal: null });
    assert.deepEqual(jobDirs(agent.dataDir), [], 'its work went back, and its files are gone');
    await startAgent(scope, front.master, { address: agent.address, dataDir: agent.dataDir, args });
  }
  await restartAgent(agents[0]);
  assert.ok(agents[1]);
  await untilWorks(first, agents[1]);
  const away = Promise.withResolvers<void>();
  front.back = away.promise;
  assert.deepEqual(await first.program.stop('SIGTERM'), { code: 0, signal: null });
  front.master = await restartMaster(scope, first);
  away.resolve();
  await restartAgent(agents[1]);

  const jobs = (await clients).flat();
  t.diagnostic(`${jobs.length} jobs and three restarts in ${Math.round(performance.now() - startedMs)} ms`);
  const handedBack = await assertUntouched(front.master, jobs);
  t.diagnostic(`${handedBack} attempts were handed back by agents that stopped`);
  assert.ok(handedBack >= 1, 'no restart met running work');
  await front.master.program.stop();
  assertCompletedOnce(join(front.master.dataDir, 'master.db'), jobs);
});

/** Each job has one success, and nothing that counts against it. Returns how many attempts were handed back. */
async function assertUntouched(master: RunningMaster, jobs: readonly Job[]): Promise<number> {
  let handedBack = 0;
  for (const job of jobs) {
    assert.deepEqual([job.status, job.retry_count], ['completed', 0], job.error ?? '');
    const [task] = await tasksOf(master, job.id);
    assert.deepEqual([task?.failures, task?.losses], [0, 0]);
    const attempts = await attemptsOf(master, job.id);
    const ended = attempts.filter((attempt) => attempt.state !== 'succeeded');
    assert.equal(attempts.length - ended.length, 1);
    for (const { state, cause } of ended) {
      assert.equal(state, 'canceled');
      assert.match(cause ?? '', /^(?:shutdown|released)$/);
    }
    handedBack += ended.length;
  }
  return handedBack;
}

/** The file, not the master, says what there is: no job beside those of the clients, each completed in one event. */
function assertCompletedOnce(path: string, jobs: readonly Job[]): void {
  const db = new DatabaseSync(path, { readOnly: true });
  const rows = db.prepare(
    "SELECT job_id, count(*) AS times FROM events WHERE kind = 'job' AND to_state = 'completed' GROUP BY job_id",
  );
  const times = new Map(rows.all().map((row) => [row.job_id, row.times]));
  const stored = db.prepare('SELECT count(*) AS jobs FROM jobs').get();
  db.close();
  assert.equal(stored?.jobs, CLIENTS * JOBS_OF_A_CLIENT);
  assert.deepEqual([...times].sort(), jobs.map(({ id }) => [id, 1]).sort());
}

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { jobOperations } from '@ffrtmp/shared/contract/jobs';
import type { Job } from '@ffrtmp/shared/job/job';
import { isTerminalJob } from '@ffrtmp/shared/job/state';
import { engine } from '../support/engine.ts';
import { waitForJob } from '../support/events.ts';
import { type RunningMaster, restartMaster, startAgent, startMaster } from '../support/fleet.ts';
import { openScope } from '../support/scope.ts';

const ROUNDS = 5;
/** Submits under way at any time; each round ends after a different number of acknowledgements. */
const CLIENTS = 16;
const acksOfRound = (round: number) => 60 + 37 * round;

/** What the clients were told. A key without an id was never acknowledged, and is sent again. */
interface Journal {
  acknowledged: Map<string, string>;
  open: string[];
  sent: number;
}

/** Submits as fast as the master answers until it has acknowledged enough, and kills it then, with calls under way. */
async function submitUntilKilled(master: RunningMaster, journal: Journal, wanted: number): Promise<void> {
  let acks = 0;
  let killed: Promise<unknown> | undefined;
  async function client(): Promise<void> {
    while (!killed) {
      journal.sent += 1;
      const key = journal.open.pop() ?? `job-${journal.sent}`;
      try {
        const job = (await master.client.call(jobOperations.submit, {
          headers: { 'idempotency-key': key },
          body: { name: key, scenario: '160x90-h264', parameters: { duration: 1, width: 160, height: 90 } },
        })) as Job;
        journal.acknowledged.set(key, job.id);
        acks += 1;
      } catch (error) {
        if (!killed) throw error;
        journal.open.push(key);
      }
      if (acks >= wanted) killed ??= master.program.stop('SIGKILL');
    }
  }
  await Promise.all(Array.from({ length: CLIENTS }, client));
  await killed;
}

/** Everything the master lists, page by page. */
async function allJobs(master: RunningMaster): Promise<Job[]> {
  const jobs: Job[] = [];
  for (let cursor: string | undefined; ; ) {
    const page = await master.client.call(jobOperations.list, { query: { limit: 200, ...(cursor ? { cursor } : {}) } });
    jobs.push(...page.jobs);
    if (page.next_cursor === null) return jobs;
    cursor = page.next_cursor;
  }
}

test('A master killed five times under a stream of submits loses no acknowledged job and makes none twice', async (t) => {
  const scope = openScope(t, { leavesTemporaries: 'kill -9 of the master' });
  const journal: Journal = { acknowledged: new Map(), open: [], sent: 0 };
  const digests = new Map<string, string | null | undefined>();
  let master = await startMaster(scope);
  await startAgent(scope, master, { address: 'one', args: ['--ffmpeg', engine(scope), '--poll-interval', '500ms'] });
  for (let round = 0; round < ROUNDS; round += 1) {
    await submitUntilKilled(master, journal, acksOfRound(round));
    master = await restartMaster(scope, master);
    const seen = new Map((await allJobs(master)).map((job) => [job.id, job]));
    for (const [key, id] of journal.acknowledged) assert.equal(seen.get(id)?.name, key, `${key} is lost`);
    for (const [id, digest] of digests) {
      assert.equal(seen.get(id)?.status, 'completed', 'a completion was taken back');
      assert.equal(seen.get(id)?.outputs[0]?.sha256, digest);
    }
    for (const job of seen.values()) if (job.status === 'completed') digests.set(job.id, job.outputs[0]?.sha256);
  }
  const [oldest] = (await allJobs(master)).slice(-1);
  assert.equal((await waitForJob(master, oldest?.id ?? '')).status, 'completed', 'work goes on after the last kill');
  for (const key of journal.open) {
    const body = { name: key, scenario: '160x90-h264', parameters: { duration: 1, width: 160, height: 90 } };
    const job = await master.client.call(jobOperations.submit, { headers: { 'idempotency-key': key }, body });
    journal.acknowledged.set(key, (job as Job).id);
  }
  t.diagnostic(
    `${journal.acknowledged.size} jobs acknowledged over ${ROUNDS} kills; ${journal.open.length} calls were cut off by the last`,
  );
  const jobs = await allJobs(master);
  assert.deepEqual(
    jobs.map((job) => job.name).sort(),
    [...journal.acknowledged.keys()].sort(),
    'one job for each key, whatever was sent how often',
  );
  assert.ok(jobs.some((job) => isTerminalJob(job.status)));
  await master.program.stop();

  const db = new DatabaseSync(join(master.dataDir, 'master.db'), { readOnly: true });
  assert.deepEqual({ ...db.prepare('PRAGMA integrity_check').get() }, { integrity_check: 'ok' });
  const states = db.prepare('SELECT state, count(*) AS jobs FROM jobs GROUP BY state').all();
  assert.equal(
    states.reduce((sum, row) => sum + Number(row.jobs), 0),
    journal.acknowledged.size,
  );
  db.close();
});

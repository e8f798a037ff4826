import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Event } from '@ffrtmp/shared/contract/system';
import { engine } from '../support/engine.ts';
import { waitForEncode, waitForEvent, waitForJob } from '../support/events.ts';
import { attemptsOf, enginePid, fetchOutput, framesOf, submitFilm } from '../support/film.ts';
import { startAgent, startMaster } from '../support/fleet.ts';
import { clip } from '../support/media.ts';
import { openScope } from '../support/scope.ts';
import { jobDirs, untilGone } from '../support/until.ts';

const LEASE_MS = 5000;
/** RELIABILITY P5: the work of a dead worker runs elsewhere within the lease and 2 s. */
const TAKEN_BACK_MS = LEASE_MS + 2000;

test('An agent killed in the middle of an encode costs its job a lease and nothing else', async (t) => {
  const scope = openScope(t, { leavesTemporaries: 'kill -9 of the agent' });
  const master = await startMaster(scope, { args: ['--lease', `${LEASE_MS}ms`] });
  const args = ['--ffmpeg', engine(scope, { paced: true })];
  const agents = await Promise.all(['one', 'two'].map((address) => startAgent(scope, master, { address, args })));
  const { id } = await submitFilm(master, await clip('motion', { seconds: 4 }), { scenario: '360p-h264-ultrafast' });
  await waitForEncode(master, id);
  const [first] = await attemptsOf(master, id);
  const victim = agents.find((agent) => agent.nodeId === first?.node_id);
  const other = agents.find((agent) => agent !== victim);
  assert.ok(first && victim && other);
  const pid = enginePid(victim.program.stderr());

  const killedMs = performance.now();
  victim.program.signal('SIGKILL');
  await untilGone(pid, 1000);
  assert.equal(jobDirs(victim.dataDir).length, 1, 'a killed agent cannot have tidied up');
  const isNext = ({ kind, attempt_id, to }: Event) => kind === 'attempt' && attempt_id !== first.id && to === 'running';
  await waitForEvent(master, isNext);
  const resumedMs = performance.now() - killedMs;
  t.diagnostic(`the job ran elsewhere ${Math.round(resumedMs)} ms after the kill, with a lease of ${LEASE_MS} ms`);
  assert.ok(resumedMs <= TAKEN_BACK_MS, `it took ${resumedMs} ms`);

  const job = await waitForJob(master, id);
  assert.equal(job.status, 'completed', job.error ?? '');
  assert.equal(job.retry_count, 0, 'a lost lease is not the job’s failure');
  const attempts = await attemptsOf(master, id);
  assert.deepEqual(
    attempts.map(({ state, attempt, node_id, failure_class }) => [state, attempt, node_id, failure_class]),
    [
      ['lost', 1, victim.nodeId, 'lost'],
      ['succeeded', 2, other.nodeId, null],
    ],
  );
  assert.deepEqual(
    attempts.flatMap(({ artifacts }) => artifacts).map(({ role }) => role),
    ['output'],
  );
  const stored = readdirSync(join(master.dataDir, 'files'), { recursive: true, withFileTypes: true });
  assert.equal(stored.filter((entry) => entry.isFile()).length, 2, 'the film and one output');
  assert.equal(await framesOf(await fetchOutput(scope, master, job)), 100);

  const again = await startAgent(scope, master, { address: victim.address, dataDir: victim.dataDir, args });
  assert.equal(again.nodeId, victim.nodeId);
  assert.deepEqual(jobDirs(victim.dataDir), []);
});

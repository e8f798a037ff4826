import assert from 'node:assert/strict';
import { test } from 'node:test';
import { engine } from '../support/engine.ts';
import { waitForEncode, waitForJob } from '../support/events.ts';
import { attemptsOf, fetchOutput, framesOf, submitFilm } from '../support/film.ts';
import { restartMaster, startAgent, startMaster } from '../support/fleet.ts';
import { clip } from '../support/media.ts';
import { openScope } from '../support/scope.ts';
import { jobDirs, until, untilGone, untilTidy } from '../support/until.ts';

const LEASE_MS = 5000;
const AWAY_MS = 3 * LEASE_MS;
/** What is encoded at the speed of playback: one film ends long before its master is back, one after. */
const SHORT_S = 4;
const LONG_S = 21;
const FPS = 25;

test('A master that is away for three leases costs no frame: both encodes end as the attempts they were', async (t) => {
  const scope = openScope(t);
  const settings = { args: ['--lease', `${LEASE_MS}ms`] };
  const master = await startMaster(scope, settings);
  const args = ['--max-concurrent-jobs', '2', '--ffmpeg', engine(scope, { paced: true })];
  const agent = await startAgent(scope, master, { address: 'one', args });
  const films = await Promise.all([SHORT_S, LONG_S].map((seconds) => clip('motion', { seconds })));
  const ids: string[] = [];
  for (const film of films) ids.push((await submitFilm(master, film, { scenario: '360p-h264-ultrafast' })).id);
  await Promise.all(ids.map((id) => waitForEncode(master, id)));

  await master.program.stop('SIGKILL');
  const gone = Date.now();
  // The agent's own log is the clock: its heartbeats go unanswered until three leases have passed.
  await until('a heartbeat that was not answered after three leases', () =>
    [...agent.program.stderr().matchAll(/"time":"([^"]+)".*a heartbeat was not answered/g)].some(
      ([, time]) => Date.parse(time ?? '') - gone > AWAY_MS,
    ),
  );
  const back = await restartMaster(scope, master, settings);
  t.diagnostic(`the master was away for ${((Date.now() - gone) / 1000).toFixed(1)} s`);
  for (const [index, seconds] of [SHORT_S, LONG_S].entries()) {
    const job = await waitForJob(back, ids[index] ?? '');
    assert.equal(job.status, 'completed', job.error ?? '');
    assert.deepEqual(
      (await attemptsOf(back, job.id)).map(({ attempt, state }) => [attempt, state]),
      [[1, 'succeeded']],
    );
    assert.equal(await framesOf(await fetchOutput(scope, back, job)), seconds * FPS);
  }
  await untilTidy(agent.dataDir);
});

test('An agent that is told to stop while its master is away does not wait for it', async (t) => {
  const scope = openScope(t);
  const master = await startMaster(scope);
  const args = ['--max-concurrent-jobs', '2', '--ffmpeg', engine(scope, { paced: true })];
  const agent = await startAgent(scope, master, { address: 'one', args });
  const films = await Promise.all([2, LONG_S].map((seconds) => clip('motion', { seconds })));
  for (const film of films)
    await waitForEncode(master, (await submitFilm(master, film, { scenario: '360p-h264-ultrafast' })).id);
  const engines = [...agent.program.stderr().matchAll(/"engine_pid":(\d+)/g)].map((match) => Number(match[1]));
  assert.equal(engines.length, 2);
  await master.program.stop('SIGKILL');
  // One of the two has ended its encode and tries to bring it home, the other still encodes.
  await untilGone(engines[0] ?? 0);
  const calledMs = performance.now();
  assert.deepEqual(await agent.program.stop('SIGTERM'), { code: 0, signal: null });
  const tookMs = performance.now() - calledMs;
  t.diagnostic(`the agent ended after ${Math.round(tookMs)} ms`);
  assert.ok(tookMs < 5000, `it took ${tookMs} ms`);
  assert.deepEqual(jobDirs(agent.dataDir), []);
});

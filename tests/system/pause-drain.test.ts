import assert from 'node:assert/strict';
import { request } from 'node:http';
import { test } from 'node:test';
import { jobOperations } from '@ffrtmp/shared/contract/jobs';
import { nodeOperations } from '@ffrtmp/shared/contract/nodes';
import { engine } from '../support/engine.ts';
import { followPath, submit, waitForEncode, waitForJob } from '../support/events.ts';
import { attemptsOf, enginePid, fetchOutput, framesOf, submitFilm, tasksOf } from '../support/film.ts';
import { startAgent, startMaster } from '../support/fleet.ts';
import { clip } from '../support/media.ts';
import { openScope, type Scope } from '../support/scope.ts';
import { jobDirs, untilGone, untilTidy } from '../support/until.ts';

const encode = { scenario: '360p-h264-ultrafast' };
const paced = (scope: Scope) => ['--ffmpeg', engine(scope, { paced: true })];

test('A running job that is paused ends its process, and begins again when it is resumed', async (t) => {
  const scope = openScope(t);
  const master = await startMaster(scope);
  const agent = await startAgent(scope, master, { address: 'one', args: paced(scope) });
  const { id } = await submitFilm(master, await clip('motion', { seconds: 3 }), encode);
  await waitForEncode(master, id);
  const pid = enginePid(agent.program.stderr());
  const paused = await master.client.call(jobOperations.pause, { params: { id } });
  assert.equal(paused.status, 'paused');
  await untilGone(pid);
  await untilTidy(agent.dataDir);
  assert.equal((await master.client.call(jobOperations.why, { params: { id } })).reason, 'paused');
  await master.client.call(jobOperations.resume, { params: { id } });
  const job = await waitForJob(master, id);
  assert.deepEqual([job.status, job.retry_count], ['completed', 0]);
  assert.deepEqual(
    (await attemptsOf(master, id)).map(({ attempt, state, cause }) => [attempt, state, cause]),
    [
      [1, 'canceled', 'paused'],
      [2, 'succeeded', null],
    ],
  );
  assert.equal(await framesOf(await fetchOutput(scope, master, job)), 75);
});

test('A draining node ends what it runs and takes nothing new until it is resumed', async (t) => {
  const scope = openScope(t);
  const master = await startMaster(scope);
  const one = await startAgent(scope, master, { address: 'one', args: paced(scope) });
  const film = await clip('motion', { seconds: 3 });
  const running = await submitFilm(master, film, encode);
  await waitForEncode(master, running.id);
  const drained = await master.client.call(nodeOperations.drain, { params: { id: one.nodeId } });
  assert.equal(drained.status, 'draining');
  const waiting = await submitFilm(master, film, encode);
  assert.equal((await waitForJob(master, running.id)).status, 'completed');
  const why = await master.client.call(jobOperations.why, { params: { id: waiting.id } });
  assert.match(why.message, /draining/);

  const two = await startAgent(scope, master, { address: 'two', args: paced(scope) });
  const done = await waitForJob(master, waiting.id);
  assert.deepEqual([done.status, done.node_id], ['completed', two.nodeId]);
  await master.client.call(nodeOperations.drain, { params: { id: two.nodeId } });
  await master.client.call(nodeOperations.resume, { params: { id: one.nodeId } });
  const last = await waitForJob(master, (await submitFilm(master, film, encode)).id);
  assert.deepEqual([last.status, last.node_id], ['completed', one.nodeId]);
});

test('An agent that is told to stop hands its work back, and another one does it at no cost to the job', async (t) => {
  const scope = openScope(t);
  const master = await startMaster(scope);
  const agents = await Promise.all(
    ['one', 'two'].map((address) => startAgent(scope, master, { address, args: paced(scope) })),
  );
  const { id } = await submitFilm(master, await clip('motion', { seconds: 3 }), encode);
  await waitForEncode(master, id);
  const [first] = await attemptsOf(master, id);
  const leaving = agents.find((agent) => agent.nodeId === first?.node_id);
  const staying = agents.find((agent) => agent !== leaving);
  assert.ok(leaving && staying);
  const pid = enginePid(leaving.program.stderr());
  const stoppedMs = performance.now();
  assert.deepEqual(await leaving.program.stop('SIGTERM'), { code: 0, signal: null });
  t.diagnostic(`the agent ended ${Math.round(performance.now() - stoppedMs)} ms after SIGTERM`);
  await untilGone(pid, 0);
  assert.deepEqual(jobDirs(leaving.dataDir), []);
  const job = await waitForJob(master, id);
  assert.deepEqual([job.status, job.node_id, job.retry_count], ['completed', staying.nodeId, 0]);
  const [task] = await tasksOf(master, id);
  assert.deepEqual([task?.failures, task?.losses], [0, 0]);
  assert.deepEqual(
    (await attemptsOf(master, id)).map(({ state, cause }) => [state, cause]),
    [
      ['canceled', 'shutdown'],
      ['succeeded', null],
    ],
  );
});

test('A master that is told to stop ends within its deadline, whoever is still connected', async (t) => {
  const scope = openScope(t);
  const deadlineMs = 2000;
  const master = await startMaster(scope, { args: ['--drain-deadline', `${deadlineMs}ms`] });
  await startAgent(scope, master, { address: 'one', args: paced(scope) });
  const job = await submit(master, { scenario: '360p-h264-ultrafast', not_before: '2999-01-01T00:00:00Z' });
  const follower = followPath(master.connection, `/jobs/${job.id}/events`, AbortSignal.timeout(30_000));
  await follower.next();
  // A client that has announced more than it ever sends.
  const half = request(`${master.url}/jobs`, {
    method: 'POST',
    headers: { authorization: `Bearer ${master.adminKey}`, 'content-type': 'application/json', 'content-length': 100 },
  });
  const cut = new Promise((resolve) => half.once('error', resolve));
  await new Promise<void>((sent) => half.write('{', () => sent()));
  const calledMs = performance.now();
  assert.deepEqual(await master.program.stop('SIGTERM'), { code: 0, signal: null });
  const tookMs = performance.now() - calledMs;
  t.diagnostic(`the master ended after ${Math.round(tookMs)} ms with a deadline of ${deadlineMs} ms`);
  assert.ok(tookMs < deadlineMs + 1000, `it took ${tookMs} ms`);
  assert.ok((await cut) instanceof Error);
  await follower.next().catch(() => undefined);
});

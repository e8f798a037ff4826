import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { jobOperations, MAX_BULK_CHANGES } from '@ffrtmp/shared/contract/jobs';
import { nodeOperations } from '@ffrtmp/shared/contract/nodes';
import { queueOperations } from '@ffrtmp/shared/contract/queues';
import type { JobRequestInput } from '@ffrtmp/shared/job/job';
import { engine } from '../support/engine.ts';
import { submit, waitForEncode, waitForJob } from '../support/events.ts';
import { attemptsOf, submitFilm } from '../support/film.ts';
import { type RunningMaster, runCli, startAgent, startMaster } from '../support/fleet.ts';
import { clip } from '../support/media.ts';
import { openScope, type Scope } from '../support/scope.ts';

const tiny: JobRequestInput = { scenario: '180p-h264-ultrafast', parameters: { duration: 1, width: 160, height: 90 } };

async function world(t: TestContext, ...masterArgs: string[]) {
  const scope = openScope(t);
  const master = await startMaster(scope, { args: masterArgs });
  const cli = async (...words: string[]) => {
    const { code, stdout, stderr } = await runCli(scope, master, words);
    return { code, text: stdout.trimEnd(), said: stderr.trimEnd() };
  };
  return { scope, master, cli };
}

const agent = (scope: Scope, master: RunningMaster, address: string, ...args: string[]) =>
  startAgent(scope, master, { address, args: ['--ffmpeg', engine(scope), ...args] });

test('The queues are one table, and a paused one holds its jobs until it is resumed', async (t) => {
  const { scope, master, cli } = await world(t);
  assert.match((await cli('queues', 'pause', 'batch')).text, /^queue batch is paused: 0 tasks of it wait/);
  await agent(scope, master, 'one');
  const held = await submit(master, { ...tiny, queue: 'batch' });
  const other = await submit(master, { ...tiny, queue: 'live' });
  assert.equal((await waitForJob(master, other.id)).status, 'completed');
  const { text } = await cli('queues');
  const [head, ...rows] = text.split('\n');
  assert.equal(head, 'QUEUE    PAUSED  READY  RUNNING  MAX RUNNING  MAX QUEUED  OLDEST WAITS');
  assert.deepEqual(rows.slice(0, 2), [
    'live     no          0        0         none        none             –',
    'default  no          0        0         none        none             –',
  ]);
  assert.match(rows[2] ?? '', /^batch {4}yes {9}1 {8}0 {9}none {8}none .* s$/);
  assert.match((await cli('jobs', 'why', held.id)).text, /^the queue batch is paused: resume it to go on$/);
  assert.match((await cli('queues', 'resume', 'batch')).text, /^queue batch goes on/);
  assert.equal((await waitForJob(master, held.id)).status, 'completed');
});

test('A cap on what waits refuses the job above it, and goes when it is set to none', async (t) => {
  const { master, cli } = await world(t);
  const { text } = await cli('queues', 'set', 'batch', '--max-queued', '1', '--max-running', '3');
  assert.match(text, /^batch {2}no {10}0 {8}0 {12}3 {11}1 {13}–$/m);
  const words = ['jobs', 'submit', '--queue', 'batch'];
  assert.equal((await cli(...words)).code, 0);
  const refused = await cli(...words);
  assert.deepEqual([refused.code, /holds 1 ready tasks? and takes 1/.test(refused.said)], [7, true], refused.said);
  assert.equal((await cli('queues', 'set', 'batch', '--max-queued', 'none')).code, 0);
  assert.equal((await cli(...words)).code, 0);
  const { queues } = await master.client.call(queueOperations.list, {});
  const batch = queues.find(({ queue }) => queue === 'batch');
  assert.deepEqual([batch?.ready, batch?.max_queued, batch?.max_running], [2, null, 3]);
});

test('A job runs in its pool, on a node with its labels, with the threads it asked for', async (t) => {
  const { scope, master, cli } = await world(t);
  const [gpu, plain] = await Promise.all([
    agent(scope, master, 'gpu', '--pool', 'gpu', '--labels', 'rack=a1,site=berlin'),
    agent(scope, master, 'plain'),
  ]);
  const pooled = await submit(master, {
    ...tiny,
    pool: 'gpu',
    node_selector: { rack: 'a1', os: 'linux' },
    resources: { cpu_threads: 1 },
  });
  const done = await waitForJob(master, pooled.id);
  assert.deepEqual([done.status, done.node_id], ['completed', gpu.nodeId]);
  const [attempt] = await attemptsOf(master, pooled.id);
  const argv = attempt?.environment?.argv ?? [];
  const threads = argv.flatMap((word, index) => (word === '-threads' ? argv[index + 1] : []));
  assert.deepEqual([...new Set(threads)], ['1']);
  assert.equal((await waitForJob(master, (await submit(master, tiny)).id)).node_id, plain.nodeId);

  const lost = await cli('jobs', 'submit', '--node-selector', 'rack=b2', '--require-capable');
  assert.deepEqual([lost.code, /no registered node could run/.test(lost.said)], [6, true], lost.said);
  assert.equal((await cli('jobs', 'submit', '--node-selector', 'rack=b2', '--name', 'waits')).code, 0);
  const listed = await master.client.call(jobOperations.list, { query: { status: 'pending' } });
  assert.match((await cli('jobs', 'why', listed.jobs[0]?.id ?? '')).text, /does not carry the label rack=b2/);
  assert.match((await cli('nodes', 'list')).text, /^gpu .* gpu /m);
  assert.match((await cli('nodes', 'get', 'gpu')).text, /^pool +gpu$.*^labels +rack=a1, site=berlin, os=linux/ms);
});

test('A GPU session is booked once, and why says which node lacks one and how many stand before', async (t) => {
  const { scope, master, cli } = await world(t);
  const paced = ['--ffmpeg', engine(scope, { paced: true })];
  const { nodeId } = await agent(scope, master, 'one', ...paced, '--gpu-sessions', '1', '--max-concurrent-jobs', '2');
  const wants = { scenario: '180p-h264-ultrafast', resources: { gpu_sessions: 1 } };
  const film = await clip('motion', { seconds: 20 });
  const [first, second] = [await submitFilm(master, film, wants), await submitFilm(master, film, wants)];
  await waitForEncode(master, first.id);
  const { text } = await cli('jobs', 'why', second.id);
  assert.match(text, /^the only node that could run it \(one\) is busy; it is next\n\n/);
  assert.match(text, /^one +GPU sessions +1 slot, .*0 GPU sessions +1 slot, .*1 GPU session$/m);
  const node = await master.client.call(nodeOperations.get, { params: { id: nodeId } });
  assert.deepEqual([node.running, node.free?.slots, node.free?.gpu_sessions], [1, 1, 0]);
  // Its session is free for the next one as soon as the first has ended, whatever ended it.
  await master.client.call(jobOperations.cancel, { params: { id: first.id } });
  await waitForJob(master, second.id, (job) => job.status === 'running');
  await master.client.call(jobOperations.cancel, { params: { id: second.id } });
});

test('A change by filter reaches every match, also where there are more than one call takes', async (t) => {
  const { master, cli } = await world(t);
  const batch: JobRequestInput = { ...tiny, queue: 'batch' };
  for (const count of [MAX_BULK_CHANGES, 50])
    await master.client.call(jobOperations.submitMany, { body: Array.from({ length: count }, () => batch) });
  await submit(master, { ...tiny, queue: 'live' });
  for (const verb of ['pause', 'resume', 'cancel', 'retry'] as const) {
    const { code, text } = await cli('jobs', verb, '--queue', 'batch');
    assert.deepEqual([code, text], [0, `${verb}: 1050 of 1050 matching jobs changed`]);
  }
  assert.equal((await cli('jobs', 'retry', '--status', 'failed')).text, 'retry: 0 of 0 matching jobs changed');
});

test('A deadline is set, shown as overdue once it has passed, and taken away', async (t) => {
  const { master, cli } = await world(t);
  const { id } = await submit(master, tiny);
  const passed = await cli('jobs', 'update', id, '--deadline', '2020-01-01T00:00:00Z');
  assert.match(passed.text, /^deadline {2}2020-01-01T00:00:00.000Z, overdue$/m);
  assert.doesNotMatch((await cli('jobs', 'update', id, '--deadline', 'none')).text, /deadline/);
  const { deadline, overdue } = await master.client.call(jobOperations.get, { params: { id } });
  assert.deepEqual([deadline ?? null, overdue ?? false], [null, false]);
});

test('A job that failed for good shows what ran, where and its last words, and runs again by the line below it', async (t) => {
  const { scope, master, cli } = await world(t);
  await agent(scope, master, 'one');
  const parameters = { ...tiny.parameters, preset: 'nosuch' };
  const { id } = await submit(master, { ...tiny, parameters, queue: 'batch', labels: { show: 'news' } });
  assert.equal((await waitForJob(master, id)).status, 'failed');
  const { text, said } = await cli('jobs', 'dead', '--queue', 'batch', '--label', 'show=news');
  assert.match(
    text,
    /^job 1 \(.*\) of batch, medium, failed \d+ s ago\n {2}transcode attempt 1 on one failed \(input\): /,
  );
  assert.match(text, /^ {4}\$ \S*ffmpeg .* -preset nosuch /m);
  assert.match(text, /^ {4}\| Conversion failed!$/m);
  assert.equal(
    said,
    'run again: ffrtmp jobs retry 1, or all of them: ffrtmp jobs retry --status failed --queue batch --label show=news',
  );
  assert.equal((await cli('jobs', 'dead', '--queue', 'live')).text, 'no dead jobs');
  const { text: retried } = await cli('jobs', 'retry', '--status', 'failed', '--label', 'show=news');
  assert.equal(retried, 'retry: 1 of 1 matching job changed');
});

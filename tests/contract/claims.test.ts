import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newId } from '@ffrtmp/runtime/id';
import { MAX_HELD } from '@ffrtmp/shared/contract/dispatch';
import { jobOperations } from '@ffrtmp/shared/contract/jobs';
import { type Job, priorities, queues } from '@ffrtmp/shared/job/job';
import { heldOf, registerNode } from './fake-node.ts';
import { type MasterUnderTest, startMasterUnderTest } from './master-under-test.ts';

const ids = (reply: { jobs: { job: Job }[] }) => reply.jobs.map(({ job }) => job.id);
const leases = (reply: { jobs: { lease: object }[] }) => reply.jobs.map(({ lease }) => lease);
const attemptsOf = async (m: MasterUnderTest, id: string) =>
  (await m.client.call(jobOperations.attempts, { params: { id } })).attempts;

test('A claim without work and without waiting is answered at once, in the shape of the seeds too', async (t) => {
  const m = await startMasterUnderTest(t);
  const node = await registerNode(m);
  assert.deepEqual(await node.claim(), { jobs: [], job: null, orders: [], drain: false });
  const job = await m.submit();
  assert.equal((await node.claim()).job?.id, job.id);
});

test('Work is handed out by queue, then priority, then age', async (t) => {
  const m = await startMasterUnderTest(t);
  const node = await registerNode(m, 'n', { slots: 100 });
  const places = queues.flatMap((queue) => priorities.map((priority) => ({ queue, priority })));
  const made = new Map<string, string[]>();
  // Submitted in the opposite order, twice.
  for (const place of [...places.toReversed(), ...places.toReversed()]) {
    const key = JSON.stringify(place);
    made.set(key, [...(made.get(key) ?? []), (await m.submit(place)).id]);
  }
  const expected = places.flatMap((place) => made.get(JSON.stringify(place)) ?? []);
  const one = await node.take();
  assert.deepEqual([one.job.id, ...ids(await node.claim({ slots: 64 }))], expected);
  assert.equal(expected.length, 18);
});

test('A parked claim is answered within milliseconds of a submit', async (t) => {
  const m = await startMasterUnderTest(t);
  const node = await registerNode(m, 'n', { slots: 100 });
  const times: number[] = [];
  for (let round = 0; round < 15; round += 1) {
    const parked = node.claim({ wait: 30 });
    await node.heartbeat(); // It came after the claim, so the claim is parked by now.
    const started = performance.now();
    const [reply, job] = await Promise.all([parked.finally(() => times.push(performance.now() - started)), m.submit()]);
    assert.deepEqual(ids(reply), [job.id]);
  }
  const median = times.sort((x, y) => x - y)[7] ?? 0;
  assert.ok(median < 100, `the median of 15 was ${median} ms`);
});

test('A new task wakes exactly one parked node, and one that can run it', async (t) => {
  const m = await startMasterUnderTest(t);
  const unable = await registerNode(m, 'unable', { encoders: [] });
  const able = [await registerNode(m, 'a'), await registerNode(m, 'b'), await registerNode(m, 'c')];
  const claims = [unable, ...able].map((node) => node.claim({ wait: 30 }).then(ids, (error) => error.code));
  await unable.heartbeat();
  const { id } = await m.submit();
  assert.deepEqual(await Promise.race(claims), [id]);
  m.master.drain();
  const answers = await Promise.all(claims);
  assert.equal(answers[0], 'unavailable');
  assert.deepEqual(answers.filter((answer) => answer === 'unavailable').length, 3, 'the others were still parked');
});

test('A node that asks for more than it has slots for does not swallow the wake-up of a task', async (t) => {
  const m = await startMasterUnderTest(t);
  const [greedy, idle] = [await registerNode(m, 'greedy'), await registerNode(m, 'idle')];
  await m.submit();
  await greedy.take();
  const swallowed = greedy.claim({ wait: 30 }).catch((error) => error.code);
  await greedy.heartbeat();
  const parked = idle.claim({ wait: 20 });
  await idle.heartbeat();
  const started = performance.now();
  const job = await m.submit();
  assert.deepEqual(ids(await parked), [job.id]);
  assert.ok(performance.now() - started < 10_000);
  m.master.drain();
  assert.equal(await swallowed, 'unavailable');
});

test('A task that becomes ready in the very commit in which a claim finds nothing is not forgotten', async (t) => {
  const m = await startMasterUnderTest(t);
  const nodes = [await registerNode(m, 'a'), await registerNode(m, 'b'), await registerNode(m, 'c')];
  for (let round = 0; round < 40; round += 1) {
    await m.submit();
    const started = performance.now();
    // Three nodes want the one task while two more arrive: who finds nothing must not park beside the next one.
    const claims = nodes.map((node) => node.claim({ wait: 20 }));
    const [replies] = await Promise.all([Promise.all(claims), m.submit(), m.submit()]);
    assert.deepEqual(
      replies.map(({ jobs }) => jobs.length),
      [1, 1, 1],
    );
    assert.ok(performance.now() - started < 10_000, 'a task lay beside a parked node until the claim timed out');
    for (const [index, { jobs }] of replies.entries()) for (const claimed of jobs) await nodes[index]?.finish(claimed);
  }
});

test('A repeated claim_id returns the very same leases, and its task runs once', async (t) => {
  const m = await startMasterUnderTest(t);
  const node = await registerNode(m, 'n', { slots: 2 });
  const job = await m.submit();
  const claim_id = newId();
  const first = await node.claim({ claim_id, held: '', slots: 2 });
  await m.submit();
  const again = await node.claim({ claim_id, held: '', slots: 2 });
  assert.deepEqual(leases(again), leases(first));
  assert.equal((await attemptsOf(m, job.id)).length, 1);
});

test('A repeated claim renews what it returns: the agent counts the lease from the call that brought it', async (t) => {
  const m = await startMasterUnderTest(t, { flags: ['--lease', '5s'] });
  const node = await registerNode(m, 'n', { slots: 2 });
  await m.submit();
  await m.submit();
  const claim_id = newId();
  const first = await node.claim({ claim_id, held: '', slots: 2 });
  m.clock.advance(4000);
  const again = await node.claim({ claim_id, held: '', slots: 2 });
  assert.deepEqual([leases(again).length, leases(again)], [2, leases(first)]);
  m.clock.advance(4000);
  await m.master.sweep();
  for (const claimed of again.jobs) await node.progress(claimed);
});

test('A claim may name as many held attempts as an agent may have', async (t) => {
  const m = await startMasterUnderTest(t);
  const node = await registerNode(m);
  const held = Array.from({ length: MAX_HELD }, () => newId()).join(',');
  assert.deepEqual((await node.claim({ claim_id: newId(), held })).jobs, []);
});

test('Leases the agent does not know of are released at once: a lost reply costs no job its retries', async (t) => {
  const m = await startMasterUnderTest(t);
  const node = await registerNode(m);
  const job = await m.submit();
  await node.claim({ claim_id: newId(), held: '' });
  const again = await node.claim({ claim_id: newId(), held: '' });
  assert.deepEqual(ids(again), [job.id]);
  const attempts = await attemptsOf(m, job.id);
  assert.deepEqual(
    attempts.map(({ attempt, state, cause }) => [attempt, state, cause]),
    [
      [1, 'canceled', 'released'],
      [2, 'leased', null],
    ],
  );
  assert.equal((await m.job(job.id)).retry_count, 0);
});

test('A claim that is read after a later one takes nothing away that the later one was given', async (t) => {
  const m = await startMasterUnderTest(t);
  const node = await registerNode(m, 'n', { slots: 2 });
  await m.submit();
  // Its connection was cut on the way; a proxy or a restarted master reads it when the next was answered long ago.
  const [late = '', later = ''] = [newId(), newId()].toSorted();
  const [claimed] = (await node.claim({ claim_id: later, held: '' })).jobs;
  assert.ok(claimed);
  assert.deepEqual((await node.claim({ claim_id: late, held: '' })).jobs, []);
  const reply = await node.heartbeat({ attempts: [heldOf(claimed)] });
  assert.deepEqual(reply.renewed, [claimed.lease.attempt_id]);
});

test('A repeated claim, too, gives back what an earlier one was given that was read after it', async (t) => {
  const m = await startMasterUnderTest(t);
  const node = await registerNode(m, 'n', { slots: 2 });
  const first = await m.submit();
  const [late = '', later = ''] = [newId(), newId()].toSorted();
  const [claimed] = (await node.claim({ claim_id: later, held: '' })).jobs;
  assert.equal(claimed?.job.id, first.id);
  const second = await m.submit();
  const [unheard] = (await node.claim({ claim_id: late, held: '' })).jobs;
  assert.equal(unheard?.job.id, second.id);
  const again = (await node.claim({ claim_id: later, held: '' })).jobs;
  assert.deepEqual(
    again.map(({ lease }) => lease.attempt_id),
    [claimed?.lease.attempt_id],
  );
  assert.deepEqual(
    (await attemptsOf(m, second.id)).map(({ state }) => state),
    ['canceled'],
  );
});

test('An attempt that had begun when its agent forgot it counts as lost', async (t) => {
  const m = await startMasterUnderTest(t);
  const node = await registerNode(m);
  const job = await m.submit();
  await node.progress(await node.take());
  await node.claim({ claim_id: newId(), held: '' });
  assert.deepEqual((await attemptsOf(m, job.id)).map(({ state }) => state).slice(0, 1), ['lost']);
});

test('What the agent says it holds is left alone, also without a claim_id', async (t) => {
  const m = await startMasterUnderTest(t);
  const node = await registerNode(m, 'n', { slots: 2 });
  const job = await m.submit();
  const claimed = await node.take();
  await node.claim({ claim_id: newId(), held: claimed.lease.attempt_id.toUpperCase() });
  await node.claim();
  assert.deepEqual(
    (await attemptsOf(m, job.id)).map(({ state }) => state),
    ['leased'],
  );
});

test('A node never runs more than its slots, also when its claims come at the same moment', async (t) => {
  const m = await startMasterUnderTest(t);
  const node = await registerNode(m, 'n', { slots: 3 });
  await m.client.call(jobOperations.submit, { body: Array.from({ length: 10 }, () => ({})) });
  const held = m.holdWrites();
  const replies = await Promise.all(Array.from({ length: 5 }, () => node.claim({ slots: 64 })));
  await held;
  assert.equal(replies.flatMap(({ jobs }) => jobs).length, 3);
});

test('One task is never handed to two of many nodes that claim at the same moment', async (t) => {
  const m = await startMasterUnderTest(t);
  const nodes = await Promise.all(Array.from({ length: 12 }, (_, index) => registerNode(m, `n${index}`, { slots: 4 })));
  await m.client.call(jobOperations.submit, { body: Array.from({ length: 30 }, () => ({})) });
  const replies = await Promise.all(nodes.map((node) => node.claim({ slots: 4 })));
  const given = replies.flatMap(ids);
  assert.equal(given.length, 30);
  assert.equal(new Set(given).size, 30);
});

test('A node is never given work that it cannot encode', async (t) => {
  const m = await startMasterUnderTest(t);
  const node = await registerNode(m, 'x264 alone');
  await m.submit({ parameters: { codec: 'av1' } });
  const fitting = await m.submit();
  assert.deepEqual(ids(await node.claim({ slots: 9 })), [fitting.id]);
});

test('A node that failed a task leaves it to others, unless there is no other that could run it', async (t) => {
  const m = await startMasterUnderTest(t);
  const [a, b] = [await registerNode(m, 'a'), await registerNode(m, 'b')];
  const job = await m.submit();
  await a.finish(await a.take(), { status: 'failed', failure_class: 'infrastructure', error: 'the network' });
  assert.deepEqual(ids(await a.claim()), []);
  await m.request('POST', `/nodes/${b.id}/drain`);
  assert.deepEqual(ids(await a.claim()), [job.id]);
});

test('A claim of a node that left takes no work, and a second claim of a node replaces the first', async (t) => {
  const m = await startMasterUnderTest(t);
  const node = await registerNode(m);
  const gone = new AbortController();
  const first = node.claim({ wait: 30 }, gone.signal).catch(() => 'gone');
  await node.heartbeat();
  gone.abort();
  assert.equal(await first, 'gone');
  const second = node.claim({ wait: 30 });
  await node.heartbeat();
  const third = node.claim({ wait: 30 });
  assert.deepEqual((await second).jobs, []);
  const job = await m.submit();
  assert.deepEqual(ids(await third), [job.id]);
  assert.equal((await attemptsOf(m, job.id)).length, 1);
  await node.heartbeat({ attempts: (await third).jobs.map((claimed) => heldOf(claimed)) });
});

test('A master that stops answers parked claims at once with 503 and hands out nothing more', async (t) => {
  const m = await startMasterUnderTest(t);
  const node = await registerNode(m);
  const parked = node.claim({ wait: 30 });
  await node.heartbeat();
  m.master.drain();
  await assert.rejects(parked, { code: 'unavailable' });
  await m.submit();
  await assert.rejects(node.claim(), { code: 'unavailable' });
  assert.equal((await m.request('GET', '/ready')).status, 503);
  assert.equal((await m.request('GET', '/health')).status, 200);
});

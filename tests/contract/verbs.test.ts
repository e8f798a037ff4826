import assert from 'node:assert/strict';
import { test } from 'node:test';
import { jobOperations } from '@ffrtmp/shared/contract/jobs';
import type { Job } from '@ffrtmp/shared/job/job';
import { type JobState, jobStates } from '@ffrtmp/shared/job/state';
import { type FakeNode, heldOf, joules, registerNode } from './fake-node.ts';
import { type MasterUnderTest, startMasterUnderTest } from './master-under-test.ts';

/** Brings a new job into a state, by the verbs alone. */
async function jobIn(m: MasterUnderTest, node: FakeNode, state: JobState): Promise<Job> {
  const job = await m.submit({ max_retries: 0 });
  if (state === 'canceled' || state === 'paused')
    await m.request('POST', `/jobs/${job.id}/${state === 'canceled' ? 'cancel' : 'pause'}`);
  if (state === 'running' || state === 'completed' || state === 'failed') {
    const claimed = await node.take();
    await node.progress(claimed);
    if (state !== 'running') await node.finish(claimed, { status: state, error: 'no luck' });
  }
  const now = await m.job(job.id);
  assert.equal(now.status, state);
  return now;
}

type Expected = Partial<Record<JobState, JobState>>;
/** Verb -> state before -> state after; what is missing is answered 409 and changes nothing. */
const verbs: Record<'cancel' | 'retry' | 'pause' | 'resume', Expected> = {
  cancel: { pending: 'canceled', running: 'canceled', paused: 'canceled' },
  retry: { failed: 'pending', canceled: 'pending' },
  pause: { pending: 'paused', running: 'paused', paused: 'paused' },
  resume: { paused: 'pending' },
};

for (const [verb, expected] of Object.entries(verbs)) {
  test(`To ${verb} a job works from ${Object.keys(expected).join(', ')} and from no other state`, async (t) => {
    const m = await startMasterUnderTest(t);
    const node = await registerNode(m, 'n', { slots: 50 });
    for (const before of jobStates) {
      const job = await jobIn(m, node, before);
      const reply = await m.request('POST', `/jobs/${job.id}/${verb}`);
      const after = expected[before];
      assert.equal(reply.status, after === undefined ? 409 : 200, `${before}: ${reply.text}`);
      assert.equal((await m.job(job.id)).status, after ?? before);
      if (after === undefined) assert.match(reply.text, new RegExp(`"conflict".*the job is ${before}`));
      // What waits again must not be in the way of the next round.
      if ((after ?? before) === 'pending') await m.request('POST', `/jobs/${job.id}/cancel`);
    }
  });
}

test('Queue and priority of a job change until it has ended, and it is claimed by its new place', async (t) => {
  const m = await startMasterUnderTest(t);
  const node = await registerNode(m, 'n', { slots: 50 });
  const [late, early] = [await m.submit({ queue: 'batch' }), await m.submit({ queue: 'live' })];
  const patch = (job: Job, body: object) => m.request('PATCH', `/jobs/${job.id}`, { body });
  const moved = (await patch(late, { queue: 'live', priority: 'high' })).json as Job;
  assert.deepEqual([moved.queue, moved.priority, moved.weight], ['live', 'high', 30]);
  assert.equal((await node.take()).job.id, late.id);
  assert.equal((await node.take()).job.id, early.id);
  for (const state of jobStates) {
    const job = await jobIn(m, node, state);
    const ended = state === 'completed' || state === 'failed' || state === 'canceled';
    assert.equal((await patch(job, { priority: 'low' })).status, ended ? 409 : 200, state);
    if (state === 'pending') await m.request('POST', `/jobs/${job.id}/cancel`);
  }
  assert.equal((await patch(early, {})).status, 400);
});

test('A job that is moved while its retry waits is found by its new place when the time has come', async (t) => {
  const m = await startMasterUnderTest(t, { random: () => 1 });
  const node = await registerNode(m);
  const job = await m.submit({ queue: 'batch' });
  await node.finish(await node.take(), { status: 'failed', failure_class: 'resource', error: 'no memory' });
  assert.equal((await m.job(job.id)).why?.reason, 'retry_delay');
  await m.request('PATCH', `/jobs/${job.id}`, { body: { queue: 'live' } });
  m.clock.advance(20_000);
  await m.master.sweep();
  const again = await node.take();
  assert.deepEqual([again.job.id, again.job.queue], [job.id, 'live']);
});

test('A canceled job’s agent is ordered to stop, once, through its parked claim and its heartbeat', async (t) => {
  const m = await startMasterUnderTest(t);
  const node = await registerNode(m);
  const job = await m.submit();
  const claimed = await node.take();
  await node.progress(claimed);
  const parked = node.claim({ wait: 30, slots: 0 });
  await m.request('POST', `/jobs/${job.id}/cancel`);
  const order = { kind: 'cancel', attempt_id: claimed.lease.attempt_id };
  assert.deepEqual((await parked).orders, [order]);
  assert.deepEqual(
    (await node.heartbeat({ attempts: [heldOf(claimed)] })).orders,
    [order],
    'repeated while it holds on',
  );
  assert.deepEqual((await node.heartbeat()).orders, [], 'done once it has let go');
});

test('A canceled job starts no new attempt, whatever its agent says afterwards', async (t) => {
  const m = await startMasterUnderTest(t);
  const node = await registerNode(m);
  const job = await m.submit({ quality: {} });
  const claimed = await node.take();
  await m.request('POST', `/jobs/${job.id}/cancel`);
  for (const status of ['completed', 'failed'] as const) await assert.rejects(node.finish(claimed, { status }));
  assert.equal((await node.finish(claimed, { status: 'canceled', figures: [joules(3)] })).job_status, 'canceled');
  assert.deepEqual((await node.claim()).jobs, []);
  const { tasks } = await m.client.call(jobOperations.tasks, { params: { id: job.id } });
  assert.deepEqual(
    tasks.map(({ state }) => state),
    ['canceled', 'canceled'],
  );
});

test('A paused job gives its node back and runs a new attempt after resume', async (t) => {
  const m = await startMasterUnderTest(t);
  const node = await registerNode(m);
  const job = await m.submit();
  const first = await node.take();
  await node.progress(first);
  await m.request('POST', `/jobs/${job.id}/pause`);
  assert.deepEqual(
    (await node.heartbeat({ attempts: [heldOf(first)] })).orders.map(({ kind }) => kind),
    ['pause'],
  );
  assert.deepEqual((await node.claim()).jobs, []);
  await m.request('POST', `/jobs/${job.id}/resume`);
  await node.heartbeat();
  const second = await node.take();
  assert.deepEqual([second.job.id, second.lease.attempt], [job.id, 2]);
  assert.equal((await node.finish(second)).job_status, 'completed');
  const { attempts } = await m.client.call(jobOperations.attempts, { params: { id: job.id } });
  assert.deepEqual(
    attempts.map(({ state, cause }) => [state, cause]),
    [
      ['canceled', 'paused'],
      ['succeeded', null],
    ],
  );
});

test('A retried job keeps what succeeded, forgets its counters, and runs the rest again', async (t) => {
  const m = await startMasterUnderTest(t);
  const node = await registerNode(m);
  const job = await m.submit({ quality: {}, max_retries: 1 });
  for (let failure = 0; failure < 2; failure += 1)
    await node.finish(await node.take(), { status: 'failed', failure_class: 'infrastructure', error: 'the network' });
  const failed = await m.job(job.id);
  assert.deepEqual([failed.status, failed.retry_count, failed.error], ['failed', 1, 'the network']);
  const retried = (await m.request('POST', `/jobs/${job.id}/retry`)).json as Job;
  assert.deepEqual(
    [retried.status, retried.retry_count, retried.error, retried.completed_at],
    ['pending', 0, null, null],
  );
  const again = await node.take();
  assert.equal(again.lease.attempt, 3, 'attempt numbers rise and are never used again');
  await node.finish(again);
  const compared = await node.take();
  assert.equal(compared.task.kind, 'quality');
  assert.equal((await node.finish(compared)).job_status, 'completed');
});

test('Many jobs are canceled and retried by filter; each is named, and those of other states are left alone', async (t) => {
  const m = await startMasterUnderTest(t);
  const wanted = Array.from({ length: 230 }, () => ({ labels: { batch: 'x' } }));
  await m.client.call(jobOperations.submit, { body: [...wanted, { labels: { batch: 'y' } }] });
  const canceled = await m.client.call(jobOperations.cancelMany, { body: { label: 'batch=x' } });
  assert.deepEqual([canceled.matched, canceled.changed, new Set(canceled.ids).size], [230, 230, 230]);
  assert.equal((await m.job('231')).status, 'pending');
  const again = await m.client.call(jobOperations.cancelMany, { body: { label: 'batch=x' } });
  assert.deepEqual([again.matched, again.changed], [0, 0]);
  const retried = await m.client.call(jobOperations.retryMany, { body: { label: 'batch=x', status: 'canceled' } });
  assert.equal(retried.changed, 230);
  assert.equal((await m.client.call(jobOperations.cancelMany, { body: { status: 'completed' } })).matched, 0);
});

test('A filter without a field is refused: it would touch every job', async (t) => {
  const m = await startMasterUnderTest(t);
  await m.submit();
  for (const verb of ['cancel', 'retry']) {
    const reply = await m.request('POST', `/jobs/${verb}`, { body: {} });
    assert.equal(reply.status, 400);
    assert.match(reply.text, /name at least one of status, queue, label/);
  }
  assert.equal((await m.job('1')).status, 'pending');
});

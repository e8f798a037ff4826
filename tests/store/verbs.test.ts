import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newId } from '@ffrtmp/runtime/id';
import { dispatchOperations } from '@ffrtmp/shared/contract/dispatch';
import { FfrtmpError } from '@ffrtmp/shared/contract/errors';
import { jobOperations } from '@ffrtmp/shared/contract/jobs';
import { type FakeNode, nodeWith, registerNode, resultOf } from '../contract/fake-node.ts';
import { type MasterUnderTest, startMasterIn } from '../contract/master-under-test.ts';
import { onBothDatabases, type Place, postgresPlace } from './both.ts';

const onBoth = onBothDatabases();

const lease = ['--lease', '5s'];
const numbersIn = async (place: Place, query: string) =>
  Object.fromEntries((await place.sql(query)).map((row) => [String(row.state), Number(row.count)]));
const jobStatesIn = (place: Place) => numbersIn(place, 'SELECT state, count(*) AS count FROM jobs GROUP BY state');

onBoth(
  'Jobs are submitted, claimed, finished, canceled, retried, lost and swept, and a new start knows them all',
  async (place) => {
    const first = await startMasterIn(place.scope, { db: place.db, flags: lease });
    const node = await registerNode(first, 'n', { slots: 8 });
    const jobs = await Promise.all(
      Array.from({ length: 12 }, (_, i) => first.submit({ labels: { number: String(i) } })),
    );
    const claimed = (await node.claim({ slots: 4 })).jobs;
    assert.deepEqual(
      claimed.map(({ job }) => job.sequence_number),
      jobs
        .map((job) => job.sequence_number)
        .toSorted((a, b) => a - b)
        .slice(0, 4),
    );
    const [done, bad, lost, stopped] = claimed;
    assert.ok(done && bad && lost && stopped);
    assert.equal((await node.finish(done)).status, 'accepted');
    assert.equal((await node.finish(done)).status, 'repeated');
    await node.finish(bad, { status: 'failed', error: 'no luck', failure_class: 'input' });
    await first.request('POST', `/jobs/${stopped.job.id}/cancel`);
    first.clock.advance(5001);
    await first.master.sweep();
    assert.deepEqual(await jobStatesIn(place), { pending: 9, completed: 1, failed: 1, canceled: 1 });
    for (const { job } of [bad, stopped]) await first.request('POST', `/jobs/${job.id}/retry`);
    const held = await node.take();
    await first.stop();

    const again = await startMasterIn(place.scope, { db: place.db, flags: lease, dataDir: first.dataDir });
    const m = { ...again, adminKey: first.adminKey, client: again.as(first.adminKey) };
    const same = nodeWith(m, node.id, node.key);
    assert.equal((await same.finish(held)).status, 'accepted');
    for (let i = 0; i < 10; i += 1) await same.finish(await same.take());
    assert.deepEqual((await same.claim()).jobs, []);
    assert.deepEqual(await jobStatesIn(place), { completed: 12 });
    const listed = await m.client.call(jobOperations.list, { query: { label: 'number=7' } });
    assert.deepEqual(
      listed.jobs.map((job) => job.labels.number),
      ['7'],
    );
  },
);

const killMaster =
  "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'ffrtmp-master' AND datname = current_database()";
/** Far more than the kills that can hit one call. */
const MAX_REPEATS = 50;

/** What a client does with 503: the same call again. */
async function repeated<T>(call: () => Promise<T>): Promise<T> {
  for (let repeat = 1; ; repeat += 1) {
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof FfrtmpError) || error.code !== 'unavailable' || repeat === MAX_REPEATS) throw error;
    }
  }
}

/** Twenty jobs from their submit to their end; `cut` comes in between, at any moment. */
async function work(m: MasterUnderTest, node: FakeNode, name: string, cut: () => Promise<unknown>): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) {
    const cutting = cut();
    const headers = { 'idempotency-key': `${name} ${turn}` };
    await repeated(() => m.request('POST', '/jobs', { body: {}, headers }).then(refuse503));
    const claim = { node_id: node.id, claim_id: newId() };
    const { jobs } = await repeated(() => node.client.call(dispatchOperations.claim, { query: claim }));
    for (const claimed of jobs)
      await repeated(() => node.client.call(dispatchOperations.result, { body: resultOf(node.id, claimed) }));
    await cutting;
  }
}

async function refuse503(reply: { status: number; text: string }): Promise<void> {
  if (reply.status === 503) throw new FfrtmpError('unavailable', reply.text);
  assert.equal(reply.status, 201, reply.text);
}

test('While the connections of the master are cut, repeated calls make each job once, run it once, and leave nothing in between', async (t) => {
  const place = await postgresPlace(t, onBoth.server);
  const m = await startMasterIn(place.scope, { db: place.db, expectsFault: /does not answer/ });
  const nodes = await Promise.all(['a', 'b', 'c'].map((name) => registerNode(m, name)));
  let killed = 0;
  const cut = async () => {
    killed += (await place.sql(killMaster)).length;
  };
  await Promise.all(nodes.map((node, i) => work(m, node, `worker ${i}`, cut)));
  const last = nodes[0];
  assert.ok(last && killed > 10, `${killed} connections were cut`);
  for (;;) {
    const { jobs } = await last.claim();
    if (jobs.length === 0) break;
    for (const claimed of jobs) await last.finish(claimed);
  }
  assert.deepEqual(await jobStatesIn(place), { completed: 60 });
  assert.deepEqual(await numbersIn(place, 'SELECT state, count(*) AS count FROM attempts GROUP BY state'), {
    succeeded: 60,
  });
});

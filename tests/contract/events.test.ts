import assert from 'node:assert/strict';
import { test } from 'node:test';
import { jobOperations } from '@ffrtmp/shared/contract/jobs';
import { type Event, eventSchema } from '@ffrtmp/shared/contract/system';
import { type Job, jobSchema } from '@ffrtmp/shared/job/job';
import { statement } from '../../master/src/database/statement.ts';
import { DEFAULT_TENANT } from '../../master/src/database/tables.ts';
import { followPath, type StreamEvent } from '../support/events.ts';
import { heldOf, registerNode } from './fake-node.ts';
import { type MasterUnderTest, startMasterUnderTest } from './master-under-test.ts';

/** Reads a stream until `enough` says so or it ends. */
async function read(
  m: MasterUnderTest,
  path: string,
  enough: (events: StreamEvent[]) => boolean,
  after?: string,
): Promise<StreamEvent[]> {
  const stop = new AbortController();
  const seen: StreamEvent[] = [];
  try {
    for await (const event of followPath(m.connection, path, stop.signal, after)) {
      seen.push(event);
      if (enough(seen)) break;
    }
  } finally {
    stop.abort();
  }
  return seen;
}

const submitMany = (m: MasterUnderTest, count: number) =>
  m.client.call(jobOperations.submit, { body: Array.from({ length: count }, () => ({})) });
const seqs = (events: readonly StreamEvent[]) => events.map(({ data }) => (data as Event).seq);
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

test('Everything that happens is streamed from the beginning, in order, each event as its schema says', async (t) => {
  const m = await startMasterUnderTest(t);
  const node = await registerNode(m);
  const { id } = await m.submit();
  await node.finish(await node.take());
  const last = await m.db.read({ build: (q) => q.selectFrom('events').select((eb) => eb.fn.max('seq').as('seq')) });
  const count = last[0]?.seq ?? 0;
  const events = await read(m, '/events', (seen) => seen.length === count, '0');
  assert.deepEqual(seqs(events), upTo(count));
  for (const event of events) {
    assert.equal(event.id, String((event.data as Event).seq));
    eventSchema.parse(event.data);
  }
  const ofJob = events.map(({ data }) => data as Event).filter((event) => event.job_id === id);
  const steps = ofJob.map(({ kind, from, to }) => `${kind}: ${from} -> ${to}`);
  assert.deepEqual(steps, [
    'job: null -> pending',
    'task: ready -> active',
    'attempt: null -> leased',
    'job: pending -> running',
    'attempt: leased -> succeeded',
    'task: active -> succeeded',
    'job: running -> completed',
  ]);
});

test('A stream that breaks again and again under load is resumed without a loss and without a duplicate', async (t) => {
  const m = await startMasterUnderTest(t);
  const writing = (async () => {
    for (let round = 0; round < 30; round += 1) await submitMany(m, 40);
  })();
  const seen: number[] = [];
  while (seen.length < 1200) {
    const part = 1 + ((seen.length * 7) % 90);
    const rest = 1200 - seen.length;
    const events = await read(m, '/events', (now) => now.length >= Math.min(part, rest), String(seen.at(-1) ?? 0));
    seen.push(...seqs(events));
  }
  await writing;
  assert.deepEqual(seen, upTo(1200));
});

test('A log far larger than the backlog of a stream is read through one connection', async (t) => {
  const m = await startMasterUnderTest(t);
  const reason = 'x'.repeat(4000);
  const event = { tenant_id: DEFAULT_TENANT, kind: 'job', reason, at: 0 };
  const rows = statement((q) => q.insertInto('events').values(Array.from({ length: 100 }, () => event)));
  await m.db.write(async (tx) => {
    for (let round = 0; round < 40; round += 1) await tx.run(rows);
  });
  const events = await read(m, '/events', (seen) => seen.length === 4000, '0');
  assert.deepEqual(seqs(events), upTo(4000));
});

test('Without a Last-Event-ID a stream begins now, and so it does after one that this master never gave', async (t) => {
  const m = await startMasterUnderTest(t);
  await submitMany(m, 3);
  for (const after of [undefined, 'nonsense', '999999']) {
    const stop = new AbortController();
    const stream = followPath(m.connection, '/events', stop.signal, after);
    const first = stream.next();
    // Answered after the stream was opened: both came over the same loop.
    await m.job('1');
    const { sequence_number } = await m.submit();
    const event = (await first).value as StreamEvent;
    assert.equal((await m.job((event.data as Event).job_id ?? '')).sequence_number, sequence_number, `after ${after}`);
    stop.abort();
    await stream.return(undefined).catch(() => undefined);
  }
});

test('The events of a job begin with the whole job, carry its progress, and end after its terminal state', async (t) => {
  const m = await startMasterUnderTest(t);
  const node = await registerNode(m);
  const { id } = await m.submit();
  const statuses: string[] = [];
  const phases: string[] = [];
  for await (const { name, data } of followPath(m.connection, `/jobs/${id}/events`, AbortSignal.timeout(20_000))) {
    if (name === 'progress') {
      phases.push((data as { progress: { phase: string } }).progress.phase);
      const [claimed] = (await m.client.call(jobOperations.attempts, { params: { id } })).attempts;
      assert.equal((data as { attempt_id: string }).attempt_id, claimed?.id);
      await m.request('POST', `/jobs/${id}/cancel`);
    }
    if (name !== 'job') continue;
    const { status } = jobSchema.parse(data) as Job;
    if (statuses.at(-1) !== status) statuses.push(status);
    if (status !== 'pending' || phases.length > 0) continue;
    const claimed = await node.take();
    const progress = { percent: 1, phase: 'encode', fps: 1, speed: 1, eta_s: 1, frames: 1, energy: [] };
    await node.heartbeat({ attempts: [{ ...heldOf(claimed), progress }] });
  }
  assert.deepEqual(statuses, ['pending', 'running', 'canceled']);
  assert.deepEqual(phases, ['encode']);
});

test('The events of a job that has ended are the job, and the end', async (t) => {
  const m = await startMasterUnderTest(t);
  const { id } = await m.submit();
  await m.request('POST', `/jobs/${id}/cancel`);
  const events = await read(m, `/jobs/${id}/events`, () => false);
  assert.deepEqual(
    events.map(({ name, data }) => [name, (data as Job).status]),
    [['job', 'canceled']],
  );
});

test('Open streams end when the master stops: nobody holds it up', async (t) => {
  const m = await startMasterUnderTest(t);
  const { id } = await m.submit();
  const streams = ['/events', `/jobs/${id}/events`, `/jobs/${id}/logs?follow=1`].map((path) =>
    read(m, path, () => false),
  );
  await m.job(id);
  await m.stop();
  await Promise.all(streams);
});

test('A stream needs its key, and one of an unknown job is 404 before it opens', async (t) => {
  const m = await startMasterUnderTest(t);
  assert.equal((await m.request('GET', '/events', { key: null })).status, 401);
  assert.equal((await m.request('GET', '/jobs/7/events')).status, 404);
});

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { jobOperations } from '@ffrtmp/shared/contract/jobs';
import type { Job } from '@ffrtmp/shared/job/job';
import { type MasterUnderTest, startMasterUnderTest } from './master-under-test.ts';

const codeOf = (reply: { json: unknown }) => (reply.json as { error: { code: string } }).error.code;
const jobs = async (m: MasterUnderTest) => (await m.client.call(jobOperations.list, { query: { limit: 500 } })).jobs;

test('A job is submitted with 201 and shows every choice that was made for it', async (t) => {
  const m = await startMasterUnderTest(t);
  const reply = await m.request('POST', '/jobs', {
    body: {
      name: 'first',
      scenario: '720p30-h264-veryfast',
      queue: 'live',
      priority: 'high',
      labels: { show: 'pilot' },
    },
  });
  assert.equal(reply.status, 201);
  const job = reply.json as Job;
  assert.equal(job.status, 'pending');
  assert.equal(job.weight, 30);
  assert.equal(job.max_retries, 3);
  assert.deepEqual([job.encode.height, job.encode.encoder, job.encode.preset], [720, 'libx264', 'veryfast']);
  assert.deepEqual(job.labels, { show: 'pilot' });
  assert.equal(job.outputs[0]?.name, 'first.mp4');
});

test('Parts of a scenario that do not parse and parameters nobody knows are warned of in the 201 reply', async (t) => {
  const m = await startMasterUnderTest(t);
  const job = await m.submit({ scenario: '1080p-h264-foo', parameters: { mine: 1 } });
  assert.match(job.warnings.join('\n'), /"foo" is not understood[\s\S]*parameters\.mine/);
  assert.deepEqual(job.parameters, { mine: 1 });
});

test('A UUID is a UUID whatever digit it begins with, all digits are a sequence number, in either form of writing', async (t) => {
  const m = await startMasterUnderTest(t);
  const made = (
    (await m.client.call(jobOperations.submit, { body: Array.from({ length: 300 }, () => ({})) })) as { jobs: Job[] }
  ).jobs;
  for (const [index, { id, sequence_number }] of made.entries()) {
    assert.match(id, /^\d/, 'version 7 ids begin with a digit for the next thousands of years');
    assert.equal(sequence_number, index + 1);
  }
  for (const job of made.slice(0, 40)) {
    for (const reference of [job.id, job.id.toUpperCase(), String(job.sequence_number), `000${job.sequence_number}`])
      assert.equal((await m.job(reference)).id, job.id, reference);
  }
  const digits = made[0]?.id.slice(0, 8) ?? '';
  assert.equal((await m.request('GET', `/jobs/${digits}`)).status, 400, 'the beginning of a UUID is no UUID');
  assert.equal((await m.request('GET', '/jobs/301')).status, 404);
  assert.equal((await m.request('GET', `/jobs/${randomUUID()}`)).status, 404);
});

test('The same Idempotency-Key makes one job, also when both requests are under way; another body is 422', async (t) => {
  const m = await startMasterUnderTest(t);
  const send = (body: unknown, key: string) =>
    m.request('POST', '/jobs', { body, headers: { 'idempotency-key': key } });
  const replies = await Promise.all(Array.from({ length: 8 }, () => send({ name: 'once' }, 'key-1')));
  assert.deepEqual([...new Set(replies.map(({ status }) => status))], [201]);
  assert.equal(new Set(replies.map(({ json }) => (json as Job).id)).size, 1);
  const other = await send({ name: 'twice' }, 'key-1');
  assert.equal(other.status, 422);
  assert.equal(codeOf(other), 'idempotency_mismatch');
  const [first] = replies.map(({ json }) => json as Job);
  assert.notEqual(((await send({ name: 'once' }, 'key-2')).json as Job).id, first?.id);
  assert.equal((await jobs(m)).length, 2);
});

test('A repeated bulk submit with one Idempotency-Key returns the same jobs in the same order', async (t) => {
  const m = await startMasterUnderTest(t);
  const send = () =>
    m.request('POST', '/jobs', { body: [{ name: 'a' }, { name: 'b' }], headers: { 'idempotency-key': 'bulk' } });
  const [first, second] = [await send(), await send()];
  const ids = (reply: { json: unknown }) => (reply.json as { jobs: Job[] }).jobs.map(({ id }) => id);
  assert.deepEqual(ids(second), ids(first));
  assert.equal((await jobs(m)).length, 2);
});

test('An Idempotency-Key is forgotten after seven days, and not an hour before', async (t) => {
  const m = await startMasterUnderTest(t);
  const send = async () =>
    ((await m.request('POST', '/jobs', { body: {}, headers: { 'idempotency-key': 'k' } })).json as Job).id;
  const first = await send();
  m.clock.advance((7 * 24 - 1) * 3_600_000);
  await m.master.tidy();
  assert.equal(await send(), first);
  m.clock.advance(2 * 3_600_000);
  await m.master.tidy();
  assert.notEqual(await send(), first);
});

test('An Idempotency-Key that is empty or too long is refused', async (t) => {
  const m = await startMasterUnderTest(t);
  for (const key of ['', 'x'.repeat(201)]) {
    const reply = await m.request('POST', '/jobs', { body: {}, headers: { 'idempotency-key': key } });
    assert.equal(reply.status, 400, `${key.length} characters`);
    assert.match(reply.text, /headers: idempotency-key/);
  }
});

test('A thousand jobs are taken in one call and in one commit, a thousand and one in none', async (t) => {
  const m = await startMasterUnderTest(t);
  const many = (count: number) => Array.from({ length: count }, (_, index) => ({ name: `job ${index}` }));
  const tooMany = await m.request('POST', '/jobs', { body: many(1001) });
  assert.equal(tooMany.status, 400);
  assert.match(tooMany.text, /1000/);
  assert.equal((await m.request('POST', '/jobs', { body: [] })).status, 400);
  assert.equal((await jobs(m)).length, 0);
  const reply = await m.request('POST', '/jobs', { body: many(1000) });
  assert.equal(reply.status, 201);
  const made = (reply.json as { jobs: Job[] }).jobs;
  assert.deepEqual(
    made.map(({ name }) => name),
    many(1000).map(({ name }) => name),
  );
  assert.equal(new Set(made.map(({ id }) => id)).size, 1000);
});

test('The bulk call takes the same jobs and answers with their ids, numbers and warnings alone', async (t) => {
  const m = await startMasterUnderTest(t);
  const send = () =>
    m.request('POST', '/jobs/bulk', {
      body: [{ name: 'a' }, { name: 'b', scenario: '1080p-foo' }],
      headers: { 'idempotency-key': 'bulk' },
    });
  const [first, again] = [await send(), await send()];
  assert.deepEqual([first.status, again.status], [201, 201]);
  assert.equal(again.text, first.text);
  const made = (first.json as { jobs: { id: string; sequence_number: number; warnings: string[] }[] }).jobs;
  assert.deepEqual(
    made.map((job) => [Object.keys(job).sort().join(), job.sequence_number, job.warnings.length]),
    [
      ['id,sequence_number,warnings', 1, 0],
      ['id,sequence_number,warnings', 2, 1],
    ],
  );
  assert.equal((await m.job(made[1]?.id ?? '')).name, 'b');
  assert.equal((await m.request('POST', '/jobs/bulk', { body: {} })).status, 400, 'an array, always');
  assert.equal((await m.request('POST', '/jobs/bulk', { body: Array(1001).fill({}) })).status, 400);
});

test('A deadline is kept, moved and taken away, and shown as overdue once it has passed', async (t) => {
  const m = await startMasterUnderTest(t);
  const at = (ms: number) => new Date(m.clock.now() + ms).toISOString();
  const deadline = at(60_000);
  const job = await m.submit({ deadline });
  assert.deepEqual([job.deadline, job.overdue], [deadline, false]);
  m.clock.advance(61_000);
  assert.equal((await m.job(job.id)).overdue, true);
  const patch = async (body: object) => (await m.request('PATCH', `/jobs/${job.id}`, { body })).json as Job;
  const later = at(60_000);
  assert.deepEqual([(await patch({ deadline: later })).deadline, (await m.job(job.id)).overdue], [later, false]);
  assert.equal((await patch({ deadline: null })).deadline, null);
  assert.equal((await m.request('PATCH', `/jobs/${job.id}`, { body: { deadline: 'tomorrow' } })).status, 400);
  await patch({ deadline: at(60_000) });
  await m.request('POST', `/jobs/${job.id}/cancel`);
  m.clock.advance(120_000);
  assert.equal((await m.job(job.id)).overdue, false, 'it ended before');
});

test('One bad job in a bulk submit refuses all of it and says which one', async (t) => {
  const m = await startMasterUnderTest(t);
  const reply = await m.request('POST', '/jobs', { body: [{}, {}, { queue: 'slow' }] });
  assert.equal(reply.status, 400);
  assert.match(reply.text, /2\.queue/);
  assert.equal((await jobs(m)).length, 0);
});

test('An input that was never uploaded is 404 and nothing is stored', async (t) => {
  const m = await startMasterUnderTest(t);
  const reply = await m.request('POST', '/jobs', { body: [{}, { input: { sha256: 'a'.repeat(64) } }] });
  assert.equal(reply.status, 404);
  assert.match(reply.text, /input\.sha256: no uploaded file has the digest aaaa/);
  assert.equal((await jobs(m)).length, 0);
});

test('The trace of the request goes on in the job', async (t) => {
  const m = await startMasterUnderTest(t);
  const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
  const reply = await m.request('POST', '/jobs', { body: {}, headers: { traceparent } });
  assert.equal((reply.json as Job).traceparent, traceparent);
});

test('A job’s tasks are listed in the order of its plan, each with what it needs', async (t) => {
  const m = await startMasterUnderTest(t);
  for (let round = 0; round < 12; round += 1) {
    const { id } = await m.submit({ quality: {} });
    const { tasks } = await m.client.call(jobOperations.tasks, { params: { id } });
    assert.deepEqual(
      tasks.map(({ kind, state }) => [kind, state]),
      [
        ['transcode', 'ready'],
        ['quality', 'blocked'],
      ],
    );
    assert.deepEqual(tasks[1]?.needs, [tasks[0]?.id]);
  }
});

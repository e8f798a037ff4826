import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Claimed } from '@ffrtmp/shared/contract/dispatch';
import { jobOperations } from '@ffrtmp/shared/contract/jobs';
import { nodeOperations } from '@ffrtmp/shared/contract/nodes';
import { statement } from '../../master/src/database/statement.ts';
import { type FakeNode, joules, registerNode } from './fake-node.ts';
import { type MasterUnderTest, startMasterUnderTest } from './master-under-test.ts';
import { digestOf, putFile } from './tus.ts';

const DAY_MS = 86_400_000;
const days = (m: MasterUnderTest, count: number) => m.clock.advance(count * DAY_MS);

const blobs = (m: MasterUnderTest) =>
  readdirSync(join(m.dataDir, 'files'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => entry.name)
    .sort();
const logs = (m: MasterUnderTest) => readdirSync(join(m.dataDir, 'logs'));
const rowsOf = async (m: MasterUnderTest, table: 'tasks' | 'attempts' | 'attempt_results' | 'artifacts' | 'events') =>
  (await m.db.read(statement((q) => q.selectFrom(table).select(({ fn }) => fn.countAll<number>().as('count')))))[0]
    ?.count;
const download = (m: MasterUnderTest, sha256: string) => m.request('GET', `/files/${sha256}`);

async function log(m: MasterUnderTest, node: FakeNode, { lease }: Claimed, chunk = 'some words\n') {
  const body = { node_id: node.id, token: lease.token, offset: 0, chunk };
  assert.equal((await m.request('POST', `/attempts/${lease.attempt_id}/logs`, { key: node.key, body })).status, 200);
}

/** Uploads an output as an agent does, and says so. */
async function publish(m: MasterUnderTest, node: FakeNode, claimed: Claimed, text: string): Promise<string> {
  const { sha256, bytes } = await putFile(m, Buffer.from(text), { key: node.key });
  await node.finish(claimed, { artifacts: [{ role: 'output', index: 0, sha256, bytes, name: 'out.mp4' }] });
  return sha256;
}

test('A job that ended goes after its time with all that belongs to it; one that has not ended never goes', async (t) => {
  const m = await startMasterUnderTest(t);
  const node = await registerNode(m, 'node-a', { slots: 4 });
  const ended = await m.submit({ labels: { show: 'pilot' }, quality: {} });
  for (let task = 0; task < 2; task += 1) {
    const claimed = await node.take();
    await log(m, node, claimed);
    await node.finish(claimed, { figures: [joules(5)] });
  }
  const waiting = await m.submit({ not_before: new Date(Date.now() + 500 * DAY_MS).toISOString() });
  const paused = await m.submit();
  await m.client.call(jobOperations.pause, { params: { id: paused.id } });
  days(m, 89);
  assert.deepEqual([(await m.master.prune()).jobs, (await m.job(ended.id)).status], [0, 'completed']);
  days(m, 2);
  assert.equal((await m.master.prune()).jobs, 1);
  assert.equal((await m.request('GET', `/jobs/${ended.id}`)).status, 404);
  assert.deepEqual([(await m.job(waiting.id)).status, (await m.job(paused.id)).status], ['pending', 'paused']);
  assert.deepEqual(
    [await rowsOf(m, 'tasks'), await rowsOf(m, 'attempts'), await rowsOf(m, 'attempt_results'), logs(m)],
    [2, 0, 0, []],
  );
  const { text } = await m.request('GET', `/jobs/${waiting.id}/why`);
  assert.match(text, /not_before/);
});

test('What a node has used is the same before and after its jobs are pruned', async (t) => {
  const m = await startMasterUnderTest(t, { random: () => 0, flags: ['--keep-jobs', '1d'] });
  const node = await registerNode(m);
  await m.submit({ quality: {} });
  await node.finish(await node.take(), { status: 'failed', failure_class: 'infrastructure', figures: [joules(1)] });
  m.clock.advance(10_000);
  await m.master.sweep();
  await node.finish(await node.take(), { figures: [joules(20), joules(3, { scope: ['dram'] })] });
  await node.finish(await node.take(), { figures: [joules(400)] });
  const since = new Date(Date.now() - DAY_MS).toISOString();
  const used = async () => {
    const query = { since, until: new Date(m.clock.now() + DAY_MS).toISOString() };
    const { attempts, energy } = await m.client.call(nodeOperations.energy, { params: { id: node.id }, query });
    return [attempts, ...energy.map(({ scope, value }) => [scope, value]).sort()];
  };
  const before = await used();
  assert.deepEqual(before, [3, [['cpu'], 421], [['dram'], 3]]);
  days(m, 2);
  assert.equal((await m.master.prune()).jobs, 1);
  assert.deepEqual(await used(), before);
});

test('With --keep-jobs forever nothing goes, and events stay as long as their jobs', async (t) => {
  const m = await startMasterUnderTest(t, { flags: ['--keep-jobs', 'forever', '--keep-logs', '0'] });
  const node = await registerNode(m);
  await m.submit();
  const claimed = await node.take();
  await log(m, node, claimed);
  await node.finish(claimed);
  const events = await rowsOf(m, 'events');
  days(m, 4000);
  assert.deepEqual(await m.master.prune(), { jobs: 0, events: 0, hours: 0, logs: 0, files: 0, bytes: 0 });
  assert.deepEqual([await rowsOf(m, 'events'), logs(m).length], [events, 1]);
});

test('More jobs than a batch holds go in one run, and their events with them', async (t) => {
  const m = await startMasterUnderTest(t, { flags: ['--keep-jobs', '1d'] });
  await m.client.call(jobOperations.submit, { body: Array.from({ length: 230 }, () => ({ scenario: '360p-h264' })) });
  await m.client.call(jobOperations.cancelMany, { body: { status: 'pending' } });
  const live = await m.submit();
  days(m, 2);
  assert.equal((await m.master.prune()).jobs, 230);
  const { jobs } = await m.client.call(jobOperations.list, { query: {} });
  assert.deepEqual(
    jobs.map((job) => job.id),
    [live.id],
  );
  const left = await m.db.read(statement((q) => q.selectFrom('events').select('job_id').where('kind', '!=', 'key')));
  assert.deepEqual([...new Set(left.map((row) => row.job_id))], [live.id]);
});

test('A log goes with its age, or for space with the oldest first, and never while its job lives', async (t) => {
  const m = await startMasterUnderTest(t, { flags: ['--keep-logs', '30d', '--max-log-bytes', '2500'] });
  const node = await registerNode(m, 'node-a', { slots: 9 });
  const attempts: string[] = [];
  for (let index = 0; index < 4; index += 1) {
    await m.submit({ max_retries: 0 });
    const claimed = await node.take();
    await log(m, node, claimed, 'x'.repeat(1000));
    if (index !== 1) await node.finish(claimed, { status: 'failed', error: 'its error' });
    attempts.push(`${claimed.lease.attempt_id}.log`);
  }
  const [first, second, third, fourth] = attempts;
  assert.equal((await m.master.prune()).logs, 2);
  assert.deepEqual(
    logs(m).sort(),
    [second, fourth],
    'the oldest of ended jobs went, until 2,000 of 4,000 bytes are left',
  );
  assert.ok(first && third);
  days(m, 31);
  assert.equal((await m.master.prune()).logs, 1);
  assert.deepEqual(logs(m), [second]);
  const { jobs } = await m.client.call(jobOperations.list, { query: { status: 'failed', limit: 1 } });
  const { logs: shown } = await m.client.call(jobOperations.logs, { params: { id: jobs[0]?.id ?? '' } });
  assert.equal(shown, 'its error', 'the job says what it died of all the same');
});

test('Files stay for ever unless told otherwise, even when the job that made them is pruned', async (t) => {
  const m = await startMasterUnderTest(t);
  const node = await registerNode(m);
  const input = await putFile(m, Buffer.from('film'));
  await m.submit({ input: { sha256: input.sha256 } });
  const output = await publish(m, node, await node.take(), 'encoded');
  await putFile(m, Buffer.from('never used'));
  for (let pass = 0; pass < 3; pass += 1) {
    days(m, 91);
    assert.equal((await m.master.prune()).files, 0);
  }
  assert.equal((await m.client.call(jobOperations.list, { query: {} })).jobs.length, 0);
  assert.equal((await download(m, output)).text, 'encoded');
  assert.equal(blobs(m).length, 3);
});

test('A file goes when nobody has used it for --keep-files; the file and its job say so', async (t) => {
  const m = await startMasterUnderTest(t, { flags: ['--keep-files', '30d'] });
  const node = await registerNode(m, 'node-a', { slots: 4 });
  const [used, held, unused] = [
    await putFile(m, Buffer.from('used')),
    await putFile(m, Buffer.from('held')),
    await putFile(m, Buffer.from('unused')),
  ];
  const live = await m.submit({ input: { sha256: held.sha256 } });
  await m.client.call(jobOperations.pause, { params: { id: live.id } });
  days(m, 20);
  const job = await m.submit({ input: { sha256: used.sha256 } });
  const output = await publish(m, node, await node.take(), 'encoded');
  days(m, 20);
  assert.deepEqual([(await m.master.prune()).files, blobs(m)], [1, [used.sha256, held.sha256, output].sort()]);
  days(m, 20);
  assert.equal((await m.master.prune()).files, 2);
  assert.deepEqual(blobs(m), [held.sha256], 'a live job names it');
  const [shown] = (await m.job(job.id)).outputs;
  assert.deepEqual([shown?.sha256, typeof shown?.pruned_at], [output, 'string']);
  for (const sha256 of [output, unused.sha256]) {
    const gone = await download(m, sha256);
    assert.deepEqual([gone.status, /not_found.*was pruned on 20\d\d-/.test(gone.text)], [404, true]);
  }
  assert.equal((await m.request('POST', '/jobs', { body: { input: { sha256: used.sha256 } } })).status, 404);

  await putFile(m, Buffer.from('encoded'));
  assert.equal((await download(m, output)).text, 'encoded', 'uploaded again, it is there again');
  assert.equal((await m.job(job.id)).outputs[0]?.pruned_at, undefined);
});

test('A failed job whose input was pruned is not retried into a certain failure', async (t) => {
  const m = await startMasterUnderTest(t, { flags: ['--keep-files', '2d'] });
  const node = await registerNode(m);
  const { sha256 } = await putFile(m, Buffer.from('film'));
  const { id } = await m.submit({ input: { sha256 }, max_retries: 0 });
  await node.finish(await node.take(), { status: 'failed', failure_class: 'unknown', error: 'x' });
  days(m, 3);
  await m.master.prune();
  const refused = await m.request('POST', `/jobs/${id}/retry`);
  assert.deepEqual([refused.status, /was pruned: upload it again/.test(refused.text)], [409, true]);
  await putFile(m, Buffer.from('film'));
  assert.equal((await m.request('POST', `/jobs/${id}/retry`)).status, 200);
  days(m, 3);
  await m.master.prune();
  assert.equal((await download(m, sha256)).status, 200, 'it is a live job’s input now');
});

test('For space the files unused for longest go, and none of a live job or within a day of its upload', async (t) => {
  const m = await startMasterUnderTest(t, { flags: ['--max-file-bytes', '25'] });
  const put = async (letter: string) => (await putFile(m, Buffer.from(letter.repeat(10)))).sha256;
  const names = { a: await put('a'), b: await put('b'), c: await put('c'), d: await put('d') };
  assert.equal((await m.master.prune()).files, 0, 'somebody may be about to submit jobs for them');
  const live = await m.submit({ input: { sha256: names.a } });
  await m.client.call(jobOperations.pause, { params: { id: live.id } });
  days(m, 2);
  const { id } = await m.submit({ input: { sha256: names.b } });
  await m.client.call(jobOperations.cancel, { params: { id } });
  days(m, 2);
  const fresh = await put('e');
  assert.deepEqual(await m.master.prune(), { jobs: 0, events: 0, hours: 0, logs: 0, files: 3, bytes: 30 });
  assert.deepEqual(blobs(m), [names.a, fresh].sort(), 'a is held, e is new; c, d and then b went');
});

test('Bytes that two tenants own go with the last of them', async (t) => {
  const m = await startMasterUnderTest(t, { flags: ['--keep-files', '2d'] });
  const { sha256 } = await putFile(m, Buffer.from('shared'));
  const now = m.clock.now() + 2 * DAY_MS;
  await m.db.write((tx) =>
    tx.run(
      statement((q) =>
        q.insertInto('file_owners').values({ tenant_id: 'another', sha256, created_at: now, used_at: now }),
      ),
    ),
  );
  days(m, 3);
  assert.equal((await m.master.prune()).files, 0);
  assert.deepEqual([(await download(m, sha256)).status, blobs(m)], [404, [sha256]]);
  days(m, 3);
  assert.deepEqual([(await m.master.prune()).files, blobs(m)], [1, []]);
});

test('An output whose result was never accepted is swept a day later; a published one is not', async (t) => {
  const m = await startMasterUnderTest(t, { random: () => 0, flags: ['--keep-jobs', '1h'] });
  const node = await registerNode(m, 'node-a');
  const { id } = await m.submit();
  await node.take();
  const orphan = await putFile(m, Buffer.from('lost on the way'), { key: node.key });
  m.clock.advance(60_000);
  await m.master.sweep();
  const output = await publish(m, node, await node.take(), 'accepted');
  assert.equal((await m.job(id)).status, 'completed');
  days(m, 0.9);
  assert.equal((await m.master.prune()).files, 0);
  days(m, 0.2);
  assert.deepEqual([(await m.master.prune()).files, blobs(m)], [1, [output]]);
  assert.equal((await download(m, orphan.sha256)).text.includes('pruned'), false, 'it never was a file of anybody');
});

test('What a crash between commit and deletion leaves behind is gone after the next sweep', async (t) => {
  const m = await startMasterUnderTest(t, { flags: ['--keep-files', '2d', '--keep-jobs', '2d'] });
  const node = await registerNode(m);
  const { sha256 } = await putFile(m, Buffer.from('kept'));
  const leftover = digestOf(Buffer.from('left over'));
  const place = join(m.dataDir, 'files', leftover.slice(0, 2));
  mkdirSync(place, { recursive: true });
  writeFileSync(join(place, leftover), 'left over');
  writeFileSync(join(m.dataDir, 'trash', `${leftover}.1`), 'left over');
  writeFileSync(join(m.dataDir, 'logs', '0198f0aa-0000-7000-8000-000000000001.log'), 'left over');
  await m.submit();
  const claimed = await node.take();
  await log(m, node, claimed);
  await m.master.prune();
  assert.deepEqual(readdirSync(join(m.dataDir, 'trash')), []);
  assert.deepEqual(logs(m), [`${claimed.lease.attempt_id}.log`]);
  assert.ok(existsSync(join(place, leftover)), 'as young as this it may be an upload whose row is being written');
  m.clock.advance(2 * 3_600_000);
  await m.master.prune();
  assert.deepEqual(blobs(m), [sha256]);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Claimed } from '@ffrtmp/shared/contract/dispatch';
import { type DeadLetter, jobOperations } from '@ffrtmp/shared/contract/jobs';
import type { JobRequestInput } from '@ffrtmp/shared/job/job';
import { type FakeNode, registerNode } from './fake-node.ts';
import { type MasterUnderTest, startMasterUnderTest } from './master-under-test.ts';

type Query = { limit?: number; cursor?: string | undefined; label?: string; queue?: 'live' | 'default' | 'batch' };

const page = (m: MasterUnderTest, query: Query = {}) => m.client.call(jobOperations.deadLetters, { query });
const numbers = (letters: readonly DeadLetter[]) => letters.map(({ job }) => job.sequence_number);

const environment = (argv: string[]) => ({
  ...{ ffmpeg: 'ffmpeg version 7', encoder: null, cpu_model: 'a CPU', cpu_threads: 8, governor: null },
  ...{ power_source: 'none', argv, dropped_streams: [] },
});

async function logTo(m: MasterUnderTest, node: FakeNode, { lease }: Claimed, chunk: string) {
  const body = { node_id: node.id, token: lease.token, offset: 0, chunk };
  assert.equal((await m.request('POST', `/attempts/${lease.attempt_id}/logs`, { key: node.key, body })).status, 200);
}

async function failOne(m: MasterUnderTest, node: FakeNode, request: JobRequestInput = {}) {
  await m.submit({ max_retries: 0, ...request });
  const claimed = await node.take();
  await node.finish(claimed, { status: 'failed', failure_class: 'unknown', error: 'it broke' });
  return claimed.job;
}

test('A dead letter holds the last three attempts with argv, error and the end of the log', async (t) => {
  const m = await startMasterUnderTest(t, { random: () => 0 });
  const node = await registerNode(m);
  await m.submit({ max_retries: 3 });
  for (let number = 1; number <= 4; number += 1) {
    const claimed = await node.take();
    await logTo(m, node, claimed, `${'é'.repeat(3000)}\nlast words ${number}\n`);
    await node.finish(claimed, {
      ...{ status: 'failed', failure_class: 'infrastructure', error: `broken ${number}` },
      environment: environment(['/usr/bin/ffmpeg', '-i', `file:/${number}`]),
    });
    m.clock.advance(1000);
  }
  const [letter, ...others] = (await page(m)).dead_letters;
  assert.ok(letter && others.length === 0);
  assert.deepEqual([letter.job.status, letter.job.error], ['failed', 'broken 4']);
  assert.deepEqual(
    letter.attempts.map(({ attempt, task_kind, node_name, state, failure_class, error }) => [
      ...[attempt, task_kind, node_name],
      ...[state, failure_class, error],
    ]),
    [2, 3, 4].map((number) => [number, 'transcode', 'node-a', 'failed', 'infrastructure', `broken ${number}`]),
  );
  for (const { attempt, argv, stderr_tail, ended_at } of letter.attempts) {
    assert.deepEqual(argv, ['/usr/bin/ffmpeg', '-i', `file:/${attempt}`]);
    assert.match(stderr_tail, new RegExp(`^é+\nlast words ${attempt}\n$`));
    assert.ok(Buffer.byteLength(stderr_tail) > 4090 && Buffer.byteLength(stderr_tail) <= 4096);
    assert.ok(ended_at);
  }
});

test('Where nothing was run or nobody said, there is no argv, and the letter is there all the same', async (t) => {
  const m = await startMasterUnderTest(t);
  const node = await registerNode(m);
  await failOne(m, node);
  await m.submit({ max_retries: 0 });
  const claimed = await node.take();
  await node.finish(claimed, { status: 'failed', failure_class: 'input', error: 'x', environment: environment([]) });
  const attempts = (await page(m)).dead_letters.flatMap((letter) => letter.attempts);
  assert.deepEqual(
    attempts.map(({ argv, stderr_tail }) => [argv, stderr_tail]),
    [
      [null, ''],
      [null, ''],
    ],
  );
});

test('Pages go from the newest on, neither skip nor repeat, and know their own cursors alone', async (t) => {
  const m = await startMasterUnderTest(t);
  const node = await registerNode(m);
  for (let index = 0; index < 7; index += 1)
    await failOne(m, node, { labels: { show: index % 2 === 0 ? 'even' : 'odd' }, queue: index < 5 ? 'live' : 'batch' });
  await m.submit();
  await node.finish(await node.take());
  const seen: number[] = [];
  let cursor: string | undefined;
  do {
    const { dead_letters, next_cursor } = await page(m, { limit: 3, cursor });
    seen.push(...numbers(dead_letters));
    cursor = next_cursor ?? undefined;
    if (cursor !== undefined) await failOne(m, node);
  } while (cursor !== undefined);
  assert.deepEqual(seen, [7, 6, 5, 4, 3, 2, 1]);
  assert.deepEqual(numbers((await page(m, { label: 'show=odd' })).dead_letters), [6, 4, 2]);
  assert.deepEqual(numbers((await page(m, { label: 'show', queue: 'batch' })).dead_letters), [7, 6]);
  const { next_cursor } = await page(m, { limit: 1, queue: 'live' });
  assert.equal((await m.request('GET', `/dead-letters?limit=1&cursor=${next_cursor}`)).status, 400);
  assert.equal((await m.request('GET', '/dead-letters?status=failed')).status, 400);
});

test('A letter that is retried is no dead letter any more, one by one and by the lot', async (t) => {
  const m = await startMasterUnderTest(t);
  const node = await registerNode(m, 'node-a', { slots: 8 });
  const jobs = [await failOne(m, node), await failOne(m, node), await failOne(m, node)];
  await m.client.call(jobOperations.retry, { params: { id: jobs[1]?.id ?? '' } });
  assert.deepEqual(numbers((await page(m)).dead_letters), [3, 1]);
  const { changed } = await m.client.call(jobOperations.retryMany, { body: { status: 'failed' } });
  assert.equal(changed, 2);
  assert.deepEqual((await page(m)).dead_letters, []);
});

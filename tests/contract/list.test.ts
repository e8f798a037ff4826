import assert from 'node:assert/strict';
import { test } from 'node:test';
import { jobOperations } from '@ffrtmp/shared/contract/jobs';
import type { Job, JobRequestInput } from '@ffrtmp/shared/job/job';
import fc from 'fast-check';
import { registerNode } from './fake-node.ts';
import { type MasterUnderTest, startMasterUnderTest } from './master-under-test.ts';

type Query = { status?: Job['status']; queue?: Job['queue']; label?: string; limit?: number };

async function bulk(m: MasterUnderTest, requests: JobRequestInput[]): Promise<Job[]> {
  return ((await m.client.call(jobOperations.submit, { body: requests })) as { jobs: Job[] }).jobs;
}

/** All pages of a list, with something happening between them. */
async function pages(m: MasterUnderTest, query: Query, between: () => Promise<unknown> = async () => undefined) {
  const seen: Job[] = [];
  let cursor: string | undefined;
  do {
    const page = await m.client.call(jobOperations.list, { query: { ...query, cursor } });
    assert.ok(page.jobs.length <= (query.limit ?? 100));
    seen.push(...page.jobs);
    cursor = page.next_cursor ?? undefined;
    if (cursor !== undefined) await between();
  } while (cursor !== undefined);
  return seen;
}

const numbers = (jobs: readonly Job[]) => jobs.map((job) => job.sequence_number);
const downFrom = (top: number) => Array.from({ length: top }, (_, index) => top - index);

test('Pages hold every job once, newest first, whatever their size', async (t) => {
  const m = await startMasterUnderTest(t);
  await bulk(
    m,
    Array.from({ length: 47 }, () => ({})),
  );
  for (const limit of [1, 7, 46, 47, 48, 500]) assert.deepEqual(numbers(await pages(m, { limit })), downFrom(47));
  const { next_cursor } = await m.client.call(jobOperations.list, { query: { limit: 48 } });
  assert.equal(next_cursor, null);
});

test('Pages neither skip nor repeat a job while others arrive, are claimed and end', async (t) => {
  const m = await startMasterUnderTest(t);
  const node = await registerNode(m, 'busy', { slots: 100 });
  await bulk(
    m,
    Array.from({ length: 30 }, () => ({})),
  );
  let changes = 0;
  const seen = await pages(m, { limit: 4 }, async () => {
    await m.submit();
    const claimed = await node.take();
    if (changes % 2 === 0) await node.finish(claimed);
    else await m.request('POST', `/jobs/${claimed.job.id}/cancel`);
    changes += 1;
  });
  assert.ok(changes >= 7);
  assert.deepEqual(numbers(seen), downFrom(30));
});

test('Filters by status, queue and label mean what they say, alone and together', async (t) => {
  const m = await startMasterUnderTest(t);
  const queues = ['live', 'default', 'batch'] as const;
  const made = await bulk(
    m,
    Array.from({ length: 24 }, (_, index) => ({
      queue: queues[index % 3] ?? 'default',
      labels: {
        ...(index % 2 === 0 ? { show: `s${index % 4}` } : {}),
        n: String(index),
        ...(index === 5 ? { eq: 'a=b' } : {}),
      },
    })),
  );
  for (const job of made.slice(0, 6)) await m.request('POST', `/jobs/${job.id}/cancel`);
  const all = await pages(m, {});
  const filter = fc.record(
    {
      status: fc.constantFrom('pending' as const, 'canceled' as const, 'running' as const),
      queue: fc.constantFrom(...queues),
      label: fc.constantFrom('show', 'show=s0', 'show=s2', 'show=s1', 'n=3', 'missing', 'eq=a=b', 'n='),
    },
    { requiredKeys: [] },
  );
  const matches = (job: Job, query: Query) => {
    const [name = '', ...rest] = query.label?.split('=') ?? [];
    const labelled =
      query.label === undefined ||
      (query.label.includes('=') ? job.labels[name] === rest.join('=') : Object.hasOwn(job.labels, name));
    return labelled && job.status === (query.status ?? job.status) && job.queue === (query.queue ?? job.queue);
  };
  await fc.assert(
    fc.asyncProperty(filter, fc.integer({ min: 1, max: 9 }), async (query, limit) => {
      assert.deepEqual(numbers(await pages(m, { ...query, limit })), numbers(all.filter((job) => matches(job, query))));
    }),
    { numRuns: 60 },
  );
});

test('A page that ends exactly with the last job is followed by an empty one at most', async (t) => {
  const m = await startMasterUnderTest(t);
  await bulk(m, [{}, {}, {}, {}]);
  const first = await m.client.call(jobOperations.list, { query: { limit: 4 } });
  const second = await m.client.call(jobOperations.list, { query: { limit: 4, cursor: first.next_cursor ?? '1' } });
  assert.deepEqual([second.jobs.length, second.next_cursor], [0, null]);
});

test('A cursor of another query is refused and not taken for a place in this one', async (t) => {
  const m = await startMasterUnderTest(t);
  await bulk(m, [{}, {}, { queue: 'live' }]);
  const { next_cursor } = await m.client.call(jobOperations.list, { query: { limit: 1 } });
  for (const filter of ['queue=live', 'status=pending', 'label=a']) {
    const reply = await m.request('GET', `/jobs?limit=1&${filter}&cursor=${next_cursor}`);
    assert.equal(reply.status, 400, filter);
    assert.match(reply.text, /invalid_request.*next_cursor.*same filter/);
  }
  assert.equal(
    (await m.request('GET', `/jobs?limit=7&cursor=${next_cursor}`)).status,
    200,
    'a page may change its size',
  );
});

test('A cursor that never came from a page is refused', async (t) => {
  const m = await startMasterUnderTest(t);
  for (const cursor of ['x', '-1', '1.5', '9'.repeat(16), '']) {
    const reply = await m.request('GET', `/jobs?cursor=${cursor}`);
    assert.equal(reply.status, 400, `cursor=${cursor}`);
    assert.match(reply.text, /cursor/);
  }
});

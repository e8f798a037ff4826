import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Operation } from '@ffrtmp/shared/contract/operation';
import { operations } from '@ffrtmp/shared/contract/operations';
import { timestampSchema } from '@ffrtmp/shared/job/job';
import fc from 'fast-check';
import { registrationOf } from './fake-node.ts';
import { type MasterUnderTest, type Reply, startMasterUnderTest } from './master-under-test.ts';

const someId = '0198f0aa-0000-7000-8000-000000000001';
const pathOf = (operation: Operation) => operation.path.replace('{id}', someId).replace('{queue}', 'batch');
const withBody = operations.filter(({ body }) => body !== undefined);

const fence = { node_id: someId, token: 'a token' };
const sampleJob = {
  name: 'a',
  scenario: '720p-h264',
  confidence: 0.5,
  engine: 'auto',
  queue: 'batch',
  priority: 'low',
  parameters: { crf: 20 },
  outputs: [{ name: 'a.mp4' }],
  limits: { timeout_sec: 5 },
  quality: { metrics: ['psnr'] },
  classification: 'test',
  labels: { a: 'b' },
  max_retries: 1,
  not_before: '2040-01-01T00:00:00Z',
  deadline: '2040-01-02T00:00:00Z',
  resources: { cpu_threads: 2 },
  pool: 'default',
  node_selector: { os: 'linux' },
  require_capable: false,
};

/** A body of each operation that its schema accepts; of a list, one element. */
const samples: Record<string, Record<string, unknown>> = {
  submitJobs: sampleJob,
  submitMany: sampleJob,
  updateQueue: { max_running: 2, max_queued: null },
  cancelJobs: { status: 'pending', queue: 'live', label: 'a=b' },
  retryJobs: { status: 'failed', queue: 'live', label: 'a' },
  updateJob: { queue: 'live', priority: 'high' },
  registerNode: { ...registrationOf('sample'), slots: 2, labels: { a: 'b' }, machine_id: 'x' },
  heartbeat: { load: null, attempts: [], slots: 2, power: [], leaving: false },
  reportProgress: { ...fence, state: 'running' },
  appendLog: { ...fence, offset: 0, chunk: 'text' },
  postResult: {
    ...fence,
    job_id: someId,
    attempt_id: someId,
    status: 'completed',
    metrics: {},
    figures: [],
    artifacts: [],
  },
  createKey: { role: 'viewer', name: 'a key' },
  createJoinToken: { ttl_s: 60 },
};

interface ErrorReply {
  error: { code: string; message: string };
}

function assertRefused(reply: Reply, what: string): string {
  assert.equal(reply.status, 400, `${what}: ${reply.status} ${reply.text.slice(0, 300)}`);
  const { error } = reply.json as ErrorReply;
  assert.equal(error.code, 'invalid_request', what);
  assert.ok(error.message.length > 5, what);
  return error.message;
}

function assertCivil(reply: Reply, what: string): void {
  assert.ok(reply.status < 500, `${what}: ${reply.status} ${reply.text.slice(0, 300)}`);
  if (reply.status >= 400) assert.equal(typeof (reply.json as ErrorReply).error.code, 'string', what);
}

/** As the operation takes it: some take lists alone. */
const wrapped = (operation: Operation, body: unknown) => (operation.id === 'submitMany' ? [body] : body);

const post = (m: MasterUnderTest, operation: Operation, body: unknown) =>
  m.request(operation.method, pathOf(operation), { body });

test('A body that is no object, or no JSON at all, is refused by every operation that takes one', async (t) => {
  const m = await startMasterUnderTest(t);
  const bodies = ['null', 'true', '5', '"text"', '[null]', '[[]]', '', '{', '{"a":}', '{} {}', '\u0000', '[1,2', 'NaN'];
  for (const operation of withBody)
    for (const body of bodies) assertRefused(await post(m, operation, body), `${operation.id} given ${body}`);
});

test('A body that means to poison prototypes is refused', async (t) => {
  const m = await startMasterUnderTest(t);
  const bodies = ['{"__proto__":{"polluted":1}}', '{"constructor":{"prototype":{"polluted":1}}}'];
  for (const operation of withBody)
    for (const body of bodies) assertRefused(await post(m, operation, body), `${operation.id} given ${body}`);
  assert.equal((Object.create({}) as { polluted?: unknown }).polluted, undefined);
});

test('A body of another content type, or one that is too large, is refused as such', async (t) => {
  const m = await startMasterUnderTest(t);
  const [operation] = withBody;
  assert.ok(operation);
  for (const type of ['application/x-www-form-urlencoded', 'application/xml', 'multipart/form-data']) {
    const reply = await m.request('POST', '/jobs', { body: 'a=b', headers: { 'content-type': type } });
    assert.equal(reply.status, 415, type);
    assert.match(reply.text, /"code":"unsupported_media_type".*application\/json/, type);
  }
  const text = await m.request('POST', '/jobs', { body: '{}', headers: { 'content-type': 'text/plain' } });
  assertRefused(text, 'text/plain');
  const huge = await post(m, operation, JSON.stringify({ name: 'x'.repeat(9 << 20) }));
  assert.equal(huge.status, 413);
  assert.match(huge.text, /"code":"payload_too_large"/);
});

const junk = [null, {}, [], [[]], true, -1, 1.5, 1e300, '', '\u0000', '\ud800', 'x'.repeat(70_000), { a: { b: 1 } }];

test('Junk in any one field is refused with the field’s name, or accepted where it is legal, and never a fault', async (t) => {
  const m = await startMasterUnderTest(t);
  let refused = 0;
  for (const operation of withBody) {
    const sample = samples[operation.id];
    assert.ok(sample, `no sample of ${operation.id}`);
    assert.ok(
      operation.body?.safeParse(wrapped(operation, sample)).success,
      `the sample of ${operation.id} is not legal itself`,
    );
    for (const field of Object.keys(sample)) {
      for (const value of junk) {
        const what = `${operation.id}.${field} = ${JSON.stringify(value).slice(0, 40)}`;
        const reply = await post(m, operation, wrapped(operation, { ...sample, [field]: value }));
        assertCivil(reply, what);
        if (reply.status !== 400) continue;
        assert.ok(assertRefused(reply, what).includes(field), `${what}: ${reply.text.slice(0, 200)}`);
        refused += 1;
      }
    }
  }
  assert.ok(refused > 300, `${refused} were refused`);
});

test('Whatever JSON is sent, no operation fails inside', async (t) => {
  const m = await startMasterUnderTest(t);
  const operation = fc.constantFrom(...withBody);
  const hostile = fc.oneof(
    fc.json({ maxDepth: 4 }),
    fc
      .record({ base: operation, key: fc.string(), value: fc.jsonValue() })
      .map(({ base, key, value }) => JSON.stringify({ ...samples[base.id], [key]: value })),
  );
  await fc.assert(
    fc.asyncProperty(operation, hostile, async (op, body) => assertCivil(await post(m, op, body), op.id)),
    { numRuns: 300 },
  );
});

test('Free values may be nested, but not so deep that writing them out again would fail', async (t) => {
  const m = await startMasterUnderTest(t);
  const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`;
  const fine = await m.request('POST', '/jobs', { body: `{"parameters":{"mine":${nested(30)}}}` });
  assert.equal(fine.status, 201);
  for (const depth of [100, 5000, 1_000_000]) {
    const reply = await m.request('POST', '/jobs', { body: `{"parameters":{"mine":${nested(depth)}}}` });
    assert.match(assertRefused(reply, `${depth} levels`), /parameters\.mine: is nested deeper than 64 levels/);
  }
  const result = JSON.stringify(samples.postResult);
  for (const field of ['analyzer_output', 'metrics'])
    assertRefused(
      await m.request('POST', '/results', {
        body: result.replace('"metrics":{},', '').replace(/\}$/, `,"${field}":{"a":${nested(5000)}}}`),
      }),
      field,
    );
});

test('An unknown field is refused and the near name suggested, wherever it stands', async (t) => {
  const m = await startMasterUnderTest(t);
  const cases: [string, string, unknown, RegExp][] = [
    ['POST', '/jobs', { scenaro: 'x' }, /body: unknown field "scenaro" \(did you mean "scenario"\?\)/],
    ['POST', '/jobs', [{}, { piority: 'high' }], /body: 1: unknown field "piority" \(did you mean "priority"\?\)/],
    [
      'POST',
      '/jobs',
      { limits: { timeout_secs: 1 } },
      /limits: unknown field "timeout_secs" \(did you mean "timeout_sec"\?\)/,
    ],
    ['POST', '/jobs', { outputs: [{ nam: 'a' }] }, /outputs\.0: unknown field "nam" \(did you mean "name"\?\)/],
    ['POST', '/jobs', { nothing_like_it: 1 }, /unknown field "nothing_like_it"$/],
    ['PATCH', '/jobs/7', { prioriti: 'high' }, /unknown field "prioriti" \(did you mean "priority"\?\)/],
    ['POST', '/jobs/cancel', { queu: 'live' }, /unknown field "queu" \(did you mean "queue"\?\)/],
    ['POST', '/keys', { role: 'admin', name: 'a', nmae: 'b' }, /unknown field "nmae" \(did you mean "name"\?\)/],
  ];
  for (const [method, path, body, expected] of cases)
    assert.match(assertRefused(await m.request(method, path, { body }), JSON.stringify(body)), expected);
  const query = await m.request('GET', '/jobs?stauts=failed');
  assert.match(assertRefused(query, 'a query'), /query: unknown field "stauts" \(did you mean "status"\?\)/);
});

test('All problems of a request are named at once', async (t) => {
  const m = await startMasterUnderTest(t);
  const reply = await m.request('POST', '/jobs', { body: { queue: 'slow', priority: 9, max_retries: -1 } });
  const message = assertRefused(reply, 'three problems');
  for (const field of ['queue', 'priority', 'max_retries']) assert.ok(message.includes(`${field}: `), message);
});

test('A path parameter of the wrong shape is refused by every operation that has one', async (t) => {
  const m = await startMasterUnderTest(t);
  const bad = ['abc', '-1', '1.5', '0x10', '1e3', '%20', '7%20', '%00', '..%2F..%2Fetc', 'caf%C3%A9', `${someId}0`];
  const shaped = operations.filter(({ path, stream }) => path.includes('{id}') && stream !== 'sse');
  for (const operation of shaped) {
    for (const id of [...bad, '1'.repeat(16), ...(operation.path.startsWith('/jobs') ? [] : ['7'])]) {
      const what = `${operation.method} ${operation.path} with ${id}`;
      const reply = await m.request(operation.method, operation.path.replace('{id}', id), {
        headers: { 'tus-resumable': '1.0.0' },
      });
      assert.match(assertRefused(reply, what), /id/, what);
    }
  }
});

test('A query of the wrong shape is refused with the name of its field', async (t) => {
  const m = await startMasterUnderTest(t);
  const bad: Record<string, string[]> = {
    '/jobs': [
      'limit=0',
      'limit=501',
      'limit=-1',
      'limit=abc',
      'limit=',
      'limit=1&limit=2',
      'status=done',
      'queue=slow',
      'label=UPPER',
      'cursor=abc',
      'cursor=-1',
    ],
    [`/jobs/next?node_id=${someId}&`]: [
      'wait=-1',
      'wait=61',
      'wait=abc',
      'slots=-1',
      'slots=65',
      'slots=1.5',
      'claim_id=7',
    ],
    '/jobs/next': ['node_id=', 'node_id=7'],
    '/jobs/1/logs': ['follow=maybe'],
    [`/nodes/${someId}/history`]: ['limit=0', 'limit=x'],
    [`/nodes/${someId}/energy`]: ['since=yesterday', 'until=2026-13-01T00:00:00Z', 'since=2026-02-30T00:00:00Z'],
  };
  for (const [path, queries] of Object.entries(bad))
    for (const query of queries) {
      const reply = await m.request('GET', `${path}${path.includes('?') ? '' : '?'}${query}`);
      assert.ok(assertRefused(reply, query).includes(query.split('=')[0] ?? ''), `${query}: ${reply.text}`);
    }
});

test('A time that the contract accepts is a time that can be read', () => {
  const two = (max: number) => fc.integer({ min: 0, max }).map((n) => String(n).padStart(2, '0'));
  const text = fc
    .tuple(
      fc.integer({ min: 0, max: 9999 }),
      two(13),
      two(32),
      two(25),
      two(61),
      two(61),
      two(25),
      two(61),
      fc.constantFrom('+', '-'),
    )
    .map(
      ([y, mo, d, h, mi, s, oh, om, sign]) =>
        `${String(y).padStart(4, '0')}-${mo}-${d}T${h}:${mi}:${s}${sign}${oh}:${om}`,
    );
  let accepted = 0;
  fc.assert(
    fc.property(text, (time) => {
      if (!timestampSchema.safeParse(time).success) return;
      accepted += 1;
      assert.ok(Number.isFinite(Date.parse(time)), time);
    }),
    { numRuns: 2000 },
  );
  assert.ok(accepted > 100, `${accepted} of 2000 were accepted`);
});

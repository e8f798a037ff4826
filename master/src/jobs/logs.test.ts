import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { createLogStore, jobLog, type StoredLog } from './logs.ts';

function store(t: TestContext) {
  const dir = mkdtempSync(join(tmpdir(), 'ffrtmp-logs-'));
  t.after(() => rmSync(dir, { recursive: true }));
  return { logs: createLogStore(dir), dir };
}

test('However a log is cut, repeated and overlapped, what is kept is the log', (t) => {
  const { logs } = store(t);
  let attempt = 0;
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary-ascii', maxLength: 60 }),
      fc.array(fc.tuple(fc.nat(70), fc.nat(30))),
      (text, cuts) => {
        attempt += 1;
        const id = `attempt-${attempt}`;
        let known = 0;
        for (const [from, length] of [...cuts, [known, text.length] as const]) {
          const offset = Math.min(from, known);
          known = Math.max(known, logs.append('job', id, offset, text.slice(offset, offset + length)));
        }
        logs.append('job', id, known, text.slice(known));
        assert.equal(logs.read(id), text);
      },
    ),
    { numRuns: 60 },
  );
});

test('The tail of a log is its end, whole characters alone', (t) => {
  const { logs } = store(t);
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 40 }), fc.integer({ min: 1, max: 60 }), (text, bytes) => {
      const id = `attempt-${Math.random()}`;
      logs.append('job', id, 0, text);
      const kept = logs.read(id);
      const tail = logs.tail(id, bytes);
      assert.ok(kept.endsWith(tail));
      const missing = Math.min(bytes, Buffer.byteLength(kept)) - Buffer.byteLength(tail);
      assert.ok(missing >= 0 && missing <= 3, `${missing} bytes are missing of ${JSON.stringify(kept)}`);
    }),
  );
  assert.equal(logs.tail('nobody', 100), '');
});

test('Every log is found with its size, and is gone when it is removed', async (t) => {
  const { logs } = store(t);
  logs.append('job', 'a', 0, 'abc');
  logs.append('job', 'b', 0, 'défg');
  const all = async () => {
    const found: StoredLog[] = [];
    for await (const log of logs.each()) found.push(log);
    return found.sort((x, y) => (x.attemptId < y.attemptId ? -1 : 1));
  };
  assert.deepEqual(await all(), [
    { attemptId: 'a', bytes: 3 },
    { attemptId: 'b', bytes: 5 },
  ]);
  await logs.remove(['a', 'never there']);
  assert.deepEqual(await all(), [{ attemptId: 'b', bytes: 5 }]);
});

test('A gap is refused with the offset that is expected, and nothing is written', (t) => {
  const { logs } = store(t);
  logs.append('job', 'a', 0, 'abc');
  assert.throws(() => logs.append('job', 'a', 4, 'x'), { code: 'log_gap', details: { expected_offset: 3 } });
  assert.throws(() => logs.append('job', 'b', 1, 'x'), { code: 'log_gap', details: { expected_offset: 0 } });
  assert.deepEqual([logs.read('a'), logs.read('b')], ['abc', '']);
});

test('Listeners are told what is new, once, and nothing after they have left', (t) => {
  const { logs } = store(t);
  const heard: string[] = [];
  const leave = logs.subscribe(({ jobId, attemptId, text }) => heard.push(`${jobId}/${attemptId}: ${text}`));
  logs.append('job', 'a', 0, 'one');
  logs.append('job', 'a', 0, 'one two');
  logs.append('job', 'a', 3, ' two');
  leave();
  logs.append('job', 'a', 7, ' three');
  assert.deepEqual(heard, ['job/a: one', 'job/a:  two']);
});

test('A log beyond its limit is marked and dropped, while the agent’s offsets go on', (t) => {
  const { logs, dir } = store(t);
  const megabyte = 'x'.repeat(1 << 20);
  let offset = 0;
  for (let sent = 0; sent < 12; sent += 1) offset = logs.append('job', 'a', offset, megabyte);
  assert.equal(offset, 12 << 20);
  assert.match(logs.read('a').slice(-80), /\[log truncated: the limit of 8 MB an attempt is reached\]\n$/);
  assert.ok(statSync(join(dir, 'logs', 'a.log')).size < (8 << 20) + 100);
  assert.deepEqual(readdirSync(join(dir, 'logs')), ['a.log']);
});

test('A job’s log is its attempts in order under their headings, those without a word left out, or the error text', (t) => {
  const { logs } = store(t);
  const attempt = (id: string, number: number, node: string | null) => ({ id, number, kind: 'transcode', node });
  const attempts = [attempt('a', 1, 'n1'), attempt('b', 2, 'n2'), attempt('c', 3, null)];
  assert.equal(jobLog(logs, attempts, null), '');
  assert.equal(jobLog(logs, attempts, 'no luck'), 'no luck');
  logs.append('job', 'c', 0, 'three\n');
  logs.append('job', 'a', 0, 'one\n');
  const expected =
    '--- transcode, attempt 1 on n1 ---\none\n\n--- transcode, attempt 3 on an unknown node ---\nthree\n';
  assert.equal(jobLog(logs, attempts, 'no luck'), expected);
});

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { test } from 'node:test';
import { createArrivals } from './arrivals.ts';

const whole = Buffer.from('a film that comes in three parts');
const digest = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
const part = (from: number, to: number) => Readable.from([whole.subarray(from, to)]);

test('Bytes pass through as they are, and their digest is that of all parts together', async () => {
  const arrivals = createArrivals();
  const cuts = [0, 7, 7, 20, whole.length];
  const passed: Buffer[] = [];
  for (const [index, to] of cuts.slice(1).entries()) {
    const from = cuts[index] ?? 0;
    passed.push(await buffer(arrivals.follow('one', from, part(from, to))));
  }
  assert.deepEqual(Buffer.concat(passed), whole);
  assert.deepEqual(arrivals.take('one'), { sha256: digest(whole), bytes: whole.length });
  assert.equal(arrivals.take('one'), undefined, 'an upload ends once');
});

test('An upload whose beginning was not seen has no digest: the master had been restarted', async () => {
  const arrivals = createArrivals();
  assert.deepEqual(await buffer(arrivals.follow('one', 7, part(7, 20))), whole.subarray(7, 20));
  assert.equal(arrivals.take('one'), undefined);
});

test('A request that goes back behind what was counted ends the digest for good', async () => {
  const arrivals = createArrivals();
  await buffer(arrivals.follow('one', 0, part(0, 20)));
  await buffer(arrivals.follow('one', 15, part(15, whole.length)));
  assert.equal(arrivals.take('one'), undefined);
  await buffer(arrivals.follow('two', 0, part(0, 20)));
  await buffer(arrivals.follow('two', 0, part(0, 20)));
  await buffer(arrivals.follow('two', 20, part(20, whole.length)));
  assert.equal(arrivals.take('two'), undefined);
});

test('An upload that breaks off reaches whoever reads it as an error, and uploads do not mix', async () => {
  const arrivals = createArrivals();
  const broken = new Readable({
    read() {
      this.push(whole.subarray(0, 7));
      this.destroy(new Error('the connection is gone'));
    },
  });
  await assert.rejects(buffer(arrivals.follow('one', 0, broken)), /the connection is gone/);
  await buffer(arrivals.follow('two', 0, part(0, whole.length)));
  assert.deepEqual(arrivals.take('two'), { sha256: digest(whole), bytes: whole.length });
});

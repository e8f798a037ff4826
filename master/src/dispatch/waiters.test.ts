import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemTimers } from '@ffrtmp/runtime/clock';
import { createWaiters } from './waiters.ts';

const patient = new AbortController().signal;
const LONG_MS = 60_000;
const any = () => true;

test('The one that has waited longest and fits is woken, and only that one', async () => {
  const waiters = createWaiters(systemTimers);
  const parked = ['a', 'b', 'c'].map((id) => waiters.park(id, true, LONG_MS, patient).then((how) => `${id} ${how}`));
  assert.equal(
    waiters.wakeOne((id) => id !== 'a'),
    true,
  );
  assert.equal(await Promise.race(parked), 'b woken');
  assert.equal(waiters.count(), 2);
  assert.equal(
    waiters.wakeOne((id) => id === 'nobody'),
    false,
  );
  waiters.wakeAll();
  assert.deepEqual(await Promise.all(parked), ['a woken', 'b woken', 'c woken']);
});

test('Many tasks that arrive at once wake as many waiters, none of them twice', async () => {
  const waiters = createWaiters(systemTimers);
  const parked = ['a', 'b', 'c'].map((id) => waiters.park(id, true, LONG_MS, patient));
  assert.deepEqual(
    [1, 2, 3, 4].map(() => waiters.wakeOne(any)),
    [true, true, true, false],
  );
  assert.deepEqual(await Promise.all(parked), ['woken', 'woken', 'woken']);
});

test('Who waits for orders alone is woken by an order and never by work', async () => {
  const waiters = createWaiters(systemTimers);
  const parked = waiters.park('a', false, LONG_MS, patient);
  assert.equal(waiters.wakeOne(any), false);
  waiters.wakeNode('b');
  assert.equal(waiters.count(), 1);
  waiters.wakeNode('a');
  assert.equal(await parked, 'woken');
});

test('A second claim of a node replaces the first, and leaving the first leaves the second where it is', async () => {
  const waiters = createWaiters(systemTimers);
  const first = new AbortController();
  const replaced = waiters.park('a', true, LONG_MS, first.signal);
  const second = waiters.park('a', true, LONG_MS, patient);
  assert.equal(await replaced, 'replaced');
  first.abort();
  assert.equal(waiters.count(), 1);
  waiters.wakeNode('a');
  assert.equal(await second, 'woken');
});

test('A claim ends by its time or by its client, also when that has left before', async () => {
  const waiters = createWaiters(systemTimers);
  const leaving = new AbortController();
  const left = waiters.park('a', true, LONG_MS, leaving.signal);
  leaving.abort();
  assert.equal(await left, 'gone');
  assert.equal(await waiters.park('b', true, LONG_MS, AbortSignal.abort()), 'gone');
  assert.equal(await waiters.park('c', true, 1, patient), 'timeout');
  assert.equal(waiters.count(), 0);
});

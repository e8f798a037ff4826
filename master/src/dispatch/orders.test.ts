import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createOrders } from './orders.ts';

const cancel = (attempt_id: string) => ({ kind: 'cancel' as const, attempt_id });

test('An order wakes its node and is repeated until the agent holds the attempt no more', () => {
  const woken: string[] = [];
  const orders = createOrders((node) => woken.push(node));
  orders.give('n', cancel('a'));
  orders.give('n', cancel('b'));
  assert.deepEqual(woken, ['n', 'n']);
  assert.deepEqual(orders.open('n'), [cancel('a'), cancel('b')]);
  orders.settle('n', ['a', 'other']);
  assert.deepEqual(orders.open('n'), [cancel('a')]);
  orders.settle('n', []);
  assert.deepEqual(orders.open('n'), []);
});

test('A later order about an attempt takes the place of the earlier one', () => {
  const orders = createOrders(() => undefined);
  orders.give('n', { kind: 'pause', attempt_id: 'a' });
  orders.give('n', cancel('a'));
  assert.deepEqual(orders.open('n'), [cancel('a')]);
});

test('The orders of one node are nobody else’s', () => {
  const orders = createOrders(() => undefined);
  orders.give('n', cancel('a'));
  orders.settle('m', []);
  assert.deepEqual([orders.open('m'), orders.open('n').length], [[], 1]);
});

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { z } from 'zod';
import { errorTable } from './errors.ts';
import { mayCall, type roles } from './operation.ts';
import { operations } from './operations.ts';
import { jobReferenceSchema } from './parts.ts';

const placeholders = (path: string) => [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]);

describe('The operations', () => {
  test('have ids and method–path pairs of their own', () => {
    assert.equal(new Set(operations.map((operation) => operation.id)).size, operations.length);
    // A download and the end of an upload share a path and are told apart by the shape of the id.
    const routes = operations.map((operation) => `${operation.method} ${operation.path}`);
    assert.equal(new Set(routes).size, routes.length);
  });

  test('declare exactly the parameters that their paths name', () => {
    for (const { id, path, params } of operations)
      assert.deepEqual(params instanceof z.ZodObject ? Object.keys(params.shape) : [], placeholders(path), id);
  });

  test('refuse with codes that have an HTTP status', () => {
    for (const operation of operations)
      for (const code of operation.errors ?? [])
        assert.notEqual(errorTable[code].http, null, `${operation.id}: ${code}`);
  });

  test('can all be described as JSON Schema, in and out', () => {
    for (const { id, params, query, headers, body, replies } of operations) {
      const given = [params, query, headers, body].filter((schema) => schema !== undefined);
      for (const schema of given) assert.ok(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }), id);
      for (const schema of Object.values(replies))
        if (schema) assert.ok(z.toJSONSchema(schema, { io: 'output', unrepresentable: 'any' }), id);
    }
  });

  test('have a body only where a body is allowed', () => {
    for (const operation of operations) assert.ok(!operation.body || operation.method !== 'GET', operation.id);
  });

  test('are each open to an admin, and to nobody without a role but the open ones', () => {
    for (const { id, access } of operations) assert.ok(mayCall('admin', access), id);
    const open = operations.filter((operation) => operation.access === 'open').map((operation) => operation.id);
    assert.deepEqual(open.sort(), ['health', 'openapi', 'ready', 'version']);
  });
});

test('A viewer changes nothing, a node neither submits nor reads jobs, a join token only registers', () => {
  const allowed = (role: (typeof roles)[number]) =>
    operations.filter(({ access }) => mayCall(role, access) && access !== 'open');
  assert.ok(allowed('viewer').every(({ method }) => method === 'GET'));
  assert.ok(allowed('node').every(({ access }) => ['node', 'transfer', 'join'].includes(access)));
  assert.deepEqual(
    allowed('join').map(({ id }) => id),
    ['registerNode'],
  );
});

test('A node may register again with its own credential', () => {
  assert.ok(mayCall('node', 'join'));
});

test('A job is named by a UUID or by digits, and by nothing else', () => {
  const good = ['0198f0aa-0000-7000-8000-000000000001', '0198F0AA-0000-7000-8000-00000000000A', '7', '0'];
  const bad = ['', '-1', '1.5', '0x10', '1e3', ' 7', '7 ', '0198f0aa', 'next', '../7', '1'.repeat(16)];
  for (const text of good) assert.ok(jobReferenceSchema.safeParse(text).success, text);
  for (const text of bad) assert.ok(!jobReferenceSchema.safeParse(text).success, text);
});

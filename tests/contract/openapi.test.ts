import assert from 'node:assert/strict';
import { test } from 'node:test';
import { operations } from '@ffrtmp/shared/contract/operations';
import { openApiDocument } from '../../master/src/http/openapi.ts';
import { startMasterUnderTest } from './master-under-test.ts';

interface Described {
  operationId: string;
  summary: string;
  parameters: { name: string; in: string; required: boolean; schema: object }[];
  requestBody?: { content: Record<string, { schema: Schema }> };
  responses: Record<string, { description: string; content?: Record<string, { schema: Schema }> }>;
  security?: unknown[];
}
interface Schema {
  $ref?: string;
  type?: string | string[];
  required?: string[];
  properties?: Record<string, Schema>;
  anyOf?: Schema[];
}
interface Document {
  openapi: string;
  paths: Record<string, Record<string, Described>>;
  components: { schemas: Record<string, Schema> };
}

const document = openApiDocument('1.2.3') as unknown as Document;
const described = operations.map((operation) => ({
  operation,
  entry: document.paths[operation.path]?.[operation.method.toLowerCase()],
}));

function everyValue(value: unknown, key: string, seen: unknown[] = []): unknown[] {
  if (value === null || typeof value !== 'object') return seen;
  for (const [name, inner] of Object.entries(value)) {
    if (name === key) seen.push(inner);
    everyValue(inner, key, seen);
  }
  return seen;
}

const named = (reference: string) => document.components.schemas[reference.replace('#/components/schemas/', '')];

test('The master serves the document that describes it, to anybody', async (t) => {
  const m = await startMasterUnderTest(t);
  const { status, json } = await m.request('GET', '/openapi.json', { key: null });
  assert.equal(status, 200);
  assert.equal((json as Document).openapi, '3.1.0');
  assert.deepEqual(Object.keys((json as Document).paths), Object.keys(document.paths));
});

test('Every operation is described once, under its own id, with its parameters and its replies', () => {
  for (const { operation, entry } of described) {
    assert.ok(entry, `${operation.method} ${operation.path} is not described`);
    assert.equal(entry.operationId, operation.id);
    assert.ok(entry.summary.length > 3, operation.id);
    const inPath = entry.parameters.filter((one) => one.in === 'path').map(({ name }) => `{${name}}`);
    assert.deepEqual(inPath, operation.path.match(/\{\w+\}/g) ?? [], operation.id);
    assert.equal(entry.requestBody !== undefined, operation.body !== undefined, operation.id);
    for (const status of Object.keys(operation.replies))
      assert.ok(entry.responses[status], `${operation.id} ${status}`);
    assert.equal(entry.security?.length === 0, operation.access === 'open', operation.id);
  }
  const ids = everyValue(document.paths, 'operationId');
  assert.equal(ids.length, operations.length);
  assert.equal(new Set(ids).size, operations.length);
});

test('Every reference of the document leads to a part of it, and nothing of the generator is left in it', () => {
  const references = everyValue(document, '$ref') as string[];
  assert.ok(references.length > 50);
  for (const reference of references) {
    assert.match(reference, /^#\/components\/schemas\/\w+$/);
    assert.ok(named(reference), reference);
  }
  assert.deepEqual(everyValue(document, '$defs'), []);
  assert.deepEqual(everyValue(document, '$schema'), []);
});

test('Every schema of the document names JSON types alone', () => {
  const types = (everyValue(document.components, 'type') as (string | string[])[]).flat();
  const known = ['object', 'array', 'string', 'number', 'integer', 'boolean', 'null', 'http'];
  assert.deepEqual(
    types.filter((type) => typeof type === 'string' && !known.includes(type)),
    [],
  );
});

test('Every code an operation may answer stands in its description, several of one status together', () => {
  for (const { operation, entry } of described) {
    const text = JSON.stringify(entry?.responses);
    for (const code of operation.errors ?? []) assert.ok(text.includes(`\`${code}\``), `${operation.id}: ${code}`);
  }
  const register = described.find(({ operation }) => operation.id === 'registerNode')?.entry;
  assert.match(register?.responses['409']?.description ?? '', /address_taken.*master_as_worker/);
});

test('What a request may leave out is not required in it, though every reply has it', () => {
  const heartbeat = described.find(({ operation }) => operation.id === 'heartbeat')?.entry;
  const body = heartbeat?.requestBody?.content['application/json']?.schema;
  const option = body?.properties?.capabilities?.anyOf?.find(({ $ref }) => $ref !== undefined);
  const sent = named(option?.$ref ?? '');
  assert.ok(sent?.required?.includes('cpu_threads'));
  assert.ok(!sent?.required?.includes('labels'));
  assert.ok(document.components.schemas.Capabilities?.required?.includes('labels'));
});

test('A reply stays open for fields that later versions add, a request of a user does not', () => {
  assert.ok(!('additionalProperties' in (document.components.schemas.Job ?? {})));
  assert.equal(
    (document.components.schemas.JobRequest as { additionalProperties?: unknown }).additionalProperties,
    false,
  );
});

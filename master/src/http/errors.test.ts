import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errorTable, FfrtmpError } from '@ffrtmp/shared/contract/errors';
import { z } from 'zod';
import { errorBody, invalidRequest, toFfrtmpError } from './errors.ts';

const schema = z.strictObject({
  name: z.string(),
  limits: z.strictObject({ timeout_sec: z.int() }).optional(),
  outputs: z.array(z.strictObject({ name: z.string() })).nullish(),
  labels: z.record(z.string(), z.strictObject({ colour: z.string() })).default({}),
  either: z.union([z.strictObject({ left: z.int() }), z.string()]).optional(),
});

function messageOf(value: unknown, of: z.ZodType = schema): string {
  const parsed = of.safeParse(value);
  assert.ok(parsed.error, 'the value was legal');
  return invalidRequest('body', parsed.error, of).message;
}

test('A problem is named by where it is and what it is, all of them at once', () => {
  assert.equal(
    messageOf({ name: 5, limits: { timeout_sec: 'x' } }),
    'body: name: Invalid input: expected string, received number; limits.timeout_sec: Invalid input: expected number, received string',
  );
  assert.match(messageOf(null), /^body: Invalid input: expected object/);
});

test('An unknown field is named with the known one nearest to it, at every depth', () => {
  assert.equal(messageOf({ name: 'a', nmae: 1 }), 'body: unknown field "nmae" (did you mean "name"?)');
  assert.equal(
    messageOf({ name: 'a', limits: { timeout_sec: 1, timeout_s: 2 } }),
    'body: limits: unknown field "timeout_s" (did you mean "timeout_sec"?)',
  );
  assert.equal(
    messageOf({ name: 'a', outputs: [{ name: 'a', nam: 1 }] }),
    'body: outputs.0: unknown field "nam" (did you mean "name"?)',
  );
  assert.equal(
    messageOf([{ name: 'a', liimits: {} }], z.array(schema)),
    'body: 0: unknown field "liimits" (did you mean "limits"?)',
  );
});

test('Where nothing is near, nothing is suggested, and where the shape is not known it is no fault', () => {
  assert.equal(messageOf({ name: 'a', zzz: 1, yyy: 2 }), 'body: unknown field "zzz", "yyy"');
  assert.match(messageOf({ name: 'a', labels: { x: { colour: 'r', color: 1 } } }), /labels\.x: unknown field "color"/);
  assert.match(messageOf({ name: 'a', either: { left: 1, lef: 2 } }), /^body: either: /);
  assert.match(messageOf({ name: 'a', constructor: 1, toString: 2 }), /unknown field "constructor", "toString"/);
});

test('The problems stand in the details too, for programs', () => {
  const parsed = schema.safeParse({ name: 5 });
  assert.ok(parsed.error);
  const { details } = invalidRequest('body', parsed.error, schema);
  assert.deepEqual(details, {
    problems: [{ path: 'name', message: 'Invalid input: expected string, received number' }],
  });
});

test('Errors of the framework become codes of the table; what nobody foresaw is internal and tells nothing', () => {
  const from = (statusCode: number | undefined, message = 'secret detail') =>
    toFfrtmpError(Object.assign(new Error(message), { statusCode }));
  assert.deepEqual(
    [413, 415, 400, 404, 429].map((status) => from(status).code),
    ['payload_too_large', 'unsupported_media_type', 'invalid_request', 'invalid_request', 'invalid_request'],
  );
  for (const status of [undefined, 500, 503, 302]) {
    const error = from(status);
    assert.equal(error.code, 'internal');
    assert.doesNotMatch(error.message, /secret detail/);
  }
  const own = new FfrtmpError('not_found', 'there is no job 7');
  assert.equal(toFfrtmpError(own), own);
});

test('A full disk is told as such, wherever it was met', () => {
  const full = Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
  assert.equal(toFfrtmpError(full).code, 'insufficient_storage');
});

test('The body of an error reply is code, message and, where there are any, details', () => {
  assert.deepEqual(errorBody(new FfrtmpError('conflict', 'no', { a: 1 })), {
    error: { code: 'conflict', message: 'no', details: { a: 1 } },
  });
  assert.deepEqual(errorBody(new FfrtmpError('conflict', 'no')), { error: { code: 'conflict', message: 'no' } });
  for (const { http, exit } of Object.values(errorTable)) {
    assert.ok(http === null || (http >= 400 && http < 600));
    assert.ok(exit > 0 && exit < 256);
  }
});

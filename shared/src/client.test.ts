import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createClient, errorFrom, fillPath, queryText } from './client.ts';
import { FfrtmpError } from './contract/errors.ts';
import { jobOperations } from './contract/jobs.ts';
import { keyOperations } from './contract/keys.ts';
import { systemOperations } from './contract/system.ts';

interface Seen {
  url: string;
  init: RequestInit;
}

const headerOf = (seen: Seen[], name: string) => new Headers(seen[0]?.init.headers).get(name);

function clientAnswering(status: number, body: string, key: string | undefined = 'ffk_1') {
  const seen: Seen[] = [];
  const fetch = async (url: string, init: RequestInit) => {
    seen.push({ url, init });
    return new Response(body, { status });
  };
  return { client: createClient({ baseUrl: 'http://m', key, fetch }), seen };
}

test('A call fills path, query, body and key, and parses the reply', async () => {
  const reply = { name: 'ffrtmp', version: '1.2.3', protocol: 1, later: true };
  const { client, seen } = clientAnswering(200, JSON.stringify(reply));
  assert.deepEqual(await client.call(systemOperations.version, {}), { name: 'ffrtmp', version: '1.2.3', protocol: 1 });
  assert.equal(seen[0]?.url, 'http://m/version');
  assert.equal(headerOf(seen, 'authorization'), 'Bearer ffk_1');
  assert.equal(seen[0]?.init.body, undefined);
});

test('A refusal of the master becomes the error of the table that it names', async () => {
  const body = { error: { code: 'not_found', message: 'there is no job 7', details: { id: '7' } } };
  const { client, seen } = clientAnswering(404, JSON.stringify(body));
  await assert.rejects(client.call(jobOperations.get, { params: { id: '7' } }), (error: unknown) => {
    assert.ok(error instanceof FfrtmpError);
    assert.deepEqual([error.code, error.message, error.details], ['not_found', 'there is no job 7', { id: '7' }]);
    return true;
  });
  assert.equal(seen[0]?.url, 'http://m/jobs/7');
});

test('A body is sent as JSON, and a reply that does not fit the contract is not handed on', async () => {
  const { client, seen } = clientAnswering(201, '{"id": 5}');
  await assert.rejects(client.call(keyOperations.create, { body: { role: 'viewer', name: 'tv' } }), /id/);
  assert.equal(seen[0]?.init.body, '{"role":"viewer","name":"tv"}');
  assert.equal(headerOf(seen, 'content-type'), 'application/json');
});

test('Path parameters are escaped, and query values that are not set are left out', () => {
  assert.equal(fillPath('/jobs/{id}/x', { id: 'a/b c' }), '/jobs/a%2Fb%20c/x');
  assert.equal(queryText({ a: 1, b: undefined, c: 'x&y' }), '?a=1&c=x%26y');
  assert.equal(queryText(undefined), '');
  assert.equal(queryText({ b: undefined }), '');
});

test('An answer that is not ours is summed up by its status', () => {
  const codes: [number, string][] = [
    [401, 'unauthorized'],
    [403, 'forbidden'],
    [404, 'not_found'],
    [413, 'payload_too_large'],
    [429, 'unavailable'],
    [502, 'unavailable'],
    [503, 'unavailable'],
    [418, 'invalid_request'],
  ];
  for (const [status, code] of codes) assert.equal(errorFrom(status, '<html>no</html>').code, code, String(status));
  const strange = [
    'null',
    '"x"',
    '{}',
    '{"error":{"code":"toString"}}',
    '{"error":{"code":"made_up","message":"m"}}',
    '',
  ];
  for (const body of strange) assert.equal(errorFrom(503, body).code, 'unavailable', body);
});

test('A page of a proxy is quoted at most 200 characters long', () => {
  assert.ok(errorFrom(502, 'x'.repeat(10_000)).message.length < 300);
});

import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { keyOperations } from '@ffrtmp/shared/contract/keys';
import { openScope } from '../support/scope.ts';
import { registerNode, registrationOf } from './fake-node.ts';
import { type MasterUnderTest, startMasterIn, startMasterUnderTest, withoutFile } from './master-under-test.ts';

const statusOf = async (m: MasterUnderTest, key: string | null, path = '/jobs') =>
  (await m.request('GET', path, { key })).status;

test('A key is shown once, works at once, and is listed without its secret', async (t) => {
  const m = await startMasterUnderTest(t);
  const made = await m.client.call(keyOperations.create, { body: { role: 'viewer', name: 'the wall' } });
  assert.match(made.key, /^ffk_[\w-]{43}$/);
  assert.equal(await statusOf(m, made.key), 200);
  const list = await m.request('GET', '/keys');
  const { keys } = list.json as { keys: { id: string; role: string; name: string }[] };
  assert.deepEqual(keys.find(({ id }) => id === made.id)?.name, 'the wall');
  assert.deepEqual(keys.map(({ role }) => role).sort(), ['admin', 'join', 'viewer']);
  for (const secret of [made.key, m.adminKey, m.joinToken]) assert.ok(!list.text.includes(secret.slice(4)));
  assert.doesNotMatch(list.text, /hash|secret|[0-9a-f]{64}/);
});

test('A revoked key ends at once, and is 404 from then on', async (t) => {
  const m = await startMasterUnderTest(t);
  const made = await m.client.call(keyOperations.create, { body: { role: 'submitter', name: 'a script' } });
  assert.equal(await statusOf(m, made.key), 200);
  assert.equal((await m.request('DELETE', `/keys/${made.id.toUpperCase()}`)).status, 200);
  assert.equal(await statusOf(m, made.key), 401);
  assert.equal((await m.request('DELETE', `/keys/${made.id}`)).status, 404);
  const { keys } = await m.client.call(keyOperations.list, {});
  assert.notEqual(keys.find(({ id }) => id === made.id)?.revoked_at, null);
});

test('A join token registers nodes until it expires, and does nothing else', async (t) => {
  const m = await startMasterUnderTest(t);
  const made = await m.client.call(keyOperations.createToken, { body: { ttl_s: 60 } });
  assert.match(made.token, /^ffj_/);
  const register = async (address: string) =>
    (await m.request('POST', '/nodes/register', { key: made.token, body: registrationOf(address) })).status;
  assert.equal(await register('a'), 201);
  assert.equal(await statusOf(m, made.token), 403);
  m.clock.advance(59_000);
  assert.equal(await register('b'), 201);
  m.clock.advance(1001);
  assert.equal(await register('c'), 401);
});

test('The store holds no secret, only hashes, and the key file is readable by its owner alone', {
  skip: withoutFile,
}, async (t) => {
  const scope = openScope(t);
  const db = join(scope.dir, 'kept.db');
  const m = await startMasterIn(scope, { db });
  const node = await registerNode(m);
  const secrets = [m.adminKey, m.joinToken, node.key];
  const bytes = readdirSync(scope.dir)
    .filter((name) => name.startsWith('kept.db'))
    .map((name) => readFileSync(join(scope.dir, name), 'latin1'))
    .join('');
  assert.ok(bytes.includes(node.id), 'the rows are in the bytes that were read');
  for (const secret of secrets) assert.ok(secret.length > 40 && !bytes.includes(secret.slice(4)));
  assert.equal(readFileSync(join(m.dataDir, 'admin.key'), 'utf8').trim(), m.adminKey);
  for (const name of ['admin.key', 'lease-signing.key'])
    assert.equal(statSync(join(m.dataDir, name)).mode & 0o777, 0o600, name);
});

test('A configured admin key is the admin key, is never stored, and no second one is made', async (t) => {
  const key = 'a configured key of an operator';
  const m = await startMasterUnderTest(t, { flags: ['--api-key', key.replaceAll(' ', '-')] });
  assert.equal(m.adminKey, '');
  assert.equal(await statusOf(m, key.replaceAll(' ', '-'), '/keys'), 200);
  assert.equal(await statusOf(m, `${key.replaceAll(' ', '-')}x`, '/keys'), 401);
  const { json } = await m.request('GET', '/keys', { key: key.replaceAll(' ', '-') });
  assert.deepEqual(
    (json as { keys: { role: string }[] }).keys.map(({ role }) => role),
    ['join'],
  );
});

test('A key is taken from the Bearer header alone, however the scheme is written', async (t) => {
  const m = await startMasterUnderTest(t);
  const status = async (authorization: string) =>
    (await m.request('GET', '/jobs', { key: null, headers: { authorization } })).status;
  assert.equal(await status(`bearer  ${m.adminKey}`), 200);
  for (const text of [m.adminKey, `Basic ${m.adminKey}`, 'Bearer', 'Bearer ', `Bearer ${m.adminKey} x`])
    assert.equal(await status(text), 401, text.slice(0, 8));
  assert.equal((await m.request('GET', `/jobs?key=${m.adminKey}`, { key: null })).status, 401);
});

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:http';
import { connect } from 'node:net';
import { test } from 'node:test';
import { fetchPinnedCa, openConnection, settleScheme } from '@ffrtmp/runtime/connect';
import { jobOperations } from '@ffrtmp/shared/contract/jobs';
import { keyOperations } from '@ffrtmp/shared/contract/keys';
import { openAuthority, type ServerIdentity } from '../../master/src/keys/authority.ts';
import { openScope, type Scope } from '../support/scope.ts';
import { startMasterIn } from './master-under-test.ts';

const authority = (scope: Scope, name = 'data') =>
  openAuthority({ dataDir: scope.folder(name), hosts: ['127.0.0.1'], ips: [], nowMs: Date.now() });
const caOf = (identity: ServerIdentity) => identity.cert.slice(identity.cert.lastIndexOf('-----BEGIN'));

async function startTls(t: Parameters<typeof openScope>[0]) {
  const scope = openScope(t);
  const identity = await authority(scope);
  const m = await startMasterIn(scope, { tls: identity, dataDir: scope.folder('data') });
  const trusting = (ca: string | undefined, url = m.url) => {
    const connection = openConnection({ url, key: m.adminKey, ca });
    scope.onEnd(() => connection.close());
    return connection.client;
  };
  return { scope, identity, m, trusting };
}

test('With TLS the API works for who trusts its CA, and for nobody else', async (t) => {
  const { scope, identity, trusting } = await startTls(t);
  const { jobs } = await trusting(caOf(identity)).call(jobOperations.list, {});
  assert.deepEqual(jobs, []);
  const other = await authority(scope, 'another');
  for (const ca of [undefined, caOf(other)])
    await assert.rejects(trusting(ca).call(jobOperations.list, {}), { code: 'untrusted_certificate' });
});

test('Plain HTTP on the TLS port is told which scheme to use, by a master that goes on serving', async (t) => {
  const { identity, m, trusting } = await startTls(t);
  const host = m.url.replace('https://', '');
  const call = request(`http://${host}/jobs`).end();
  const [response] = await once(call, 'response');
  const text = (await response.setEncoding('utf8').toArray()).join('');
  assert.deepEqual([response.statusCode, text], [426, `this port speaks HTTPS: use https://${host}\n`]);
  await trusting(caOf(identity)).call(jobOperations.list, {});
});

test('A client that meant the other scheme finds the right one on loopback, and says so', async (t) => {
  const { identity, m } = await startTls(t);
  const said: string[] = [];
  const wrong = { url: m.url.replace('https', 'http'), key: m.adminKey, ca: caOf(identity) };
  assert.equal((await settleScheme(wrong, (line) => said.push(line))).url, m.url);
  assert.match(said.join(), /speaks https; using https:/);
});

test('A joining machine gets the CA by its fingerprint, which a join token carries, and no other CA by it', async (t) => {
  const { identity, m, trusting } = await startTls(t);
  const client = trusting(caOf(identity));
  const { ca_fingerprint } = await client.call(keyOperations.createToken, { body: {} });
  assert.equal(ca_fingerprint, identity.caFingerprint);
  assert.equal((await fetchPinnedCa(m.url, ca_fingerprint ?? '')).trim(), caOf(identity).trim());
  await assert.rejects(fetchPinnedCa(m.url, `sha256:${'0'.repeat(64)}`), { code: 'untrusted_certificate' });
});

test('A connection that never says anything holds up no stopping master, and neither does an idle one', async (t) => {
  const { identity, m, trusting } = await startTls(t);
  await trusting(caOf(identity)).call(jobOperations.list, {});
  const silent = connect(Number(new URL(m.url).port), '127.0.0.1');
  silent.on('error', () => undefined);
  await once(silent, 'connect');
  const ended = once(silent, 'close');
  // By the answer to a later call the master has taken the silent connection too.
  await trusting(caOf(identity)).call(jobOperations.list, {});
  const started = performance.now();
  await m.stop();
  await ended;
  assert.ok(performance.now() - started < 10_000);
});

test('At the end of its patience a stopping master ends every connection, also one in the middle of its handshake', async (t) => {
  const { identity, m, trusting } = await startTls(t);
  const halfway = connect(Number(new URL(m.url).port), '127.0.0.1');
  halfway.on('error', () => undefined);
  halfway.write(Buffer.from([0x16, 3, 1]));
  await trusting(caOf(identity)).call(jobOperations.list, {});
  const ended = once(halfway, 'close');
  const stopped = m.stop();
  m.master.app.server.closeAllConnections();
  await Promise.all([stopped, ended]);
});

test('CA and certificate are made once; a certificate is made anew for a new name and shortly before its end, the CA stays', async (t) => {
  const scope = openScope(t);
  const dataDir = scope.folder('data');
  const open = (hosts: string[], days = 0) =>
    openAuthority({ dataDir, hosts, ips: [], nowMs: Date.now() + days * 86_400_000 });
  const first = await open(['one.example']);
  assert.equal((await open(['one.example'])).cert, first.cert);
  const renamed = await open(['one.example', 'two.example']);
  assert.notEqual(renamed.cert, first.cert);
  const renewed = await open(['one.example', 'two.example'], 360);
  assert.notEqual(renewed.cert, renamed.cert);
  assert.deepEqual([renamed.caFingerprint, renewed.caFingerprint], [first.caFingerprint, first.caFingerprint]);
});

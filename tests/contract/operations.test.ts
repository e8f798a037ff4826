import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mayCall, type Operation, roles } from '@ffrtmp/shared/contract/operation';
import { operations } from '@ffrtmp/shared/contract/operations';
import { nodeWith, registerNode } from './fake-node.ts';
import { type MasterUnderTest, startMasterUnderTest } from './master-under-test.ts';
import { visitEveryOperation } from './visit.ts';

const someId = '0198f0aa-0000-7000-8000-000000000001';
const hex = (digits: number) => 'a'.repeat(digits);
const idOf = ({ path, stream }: Operation) =>
  !path.startsWith('/files/') ? someId : stream === 'tus' ? hex(32) : hex(64);
const pathOf = (operation: Operation) => operation.path.replace('{id}', idOf(operation)).replace('{queue}', 'batch');

/** What is served, one line an operation: a change here is a change of the API and wants a line in CHANGELOG.md. */
const served = `
POST /jobs -> submitJobs
POST /jobs/bulk -> submitMany
GET /jobs -> listJobs
GET /dead-letters -> listDeadLetters
POST /jobs/cancel -> cancelJobs
POST /jobs/retry -> retryJobs
GET /jobs/{id} -> getJob
GET /jobs/{id}/tasks -> getJobTasks
GET /jobs/{id}/attempts -> getJobAttempts
GET /jobs/{id}/logs -> getJobLogs
GET /jobs/{id}/events -> followJobEvents
GET /jobs/{id}/receipt -> getJobReceipt
GET /jobs/{id}/why -> getJobWhy
POST /jobs/{id}/cancel -> cancelJob
POST /jobs/{id}/retry -> retryJob
POST /jobs/{id}/pause -> pauseJob
POST /jobs/{id}/resume -> resumeJob
PATCH /jobs/{id} -> updateJob
GET /receipts -> listReceipts
GET /jobs/next -> claim
GET /attempts/{id} -> getAttempt
POST /attempts/{id}/progress -> reportProgress
POST /attempts/{id}/logs -> appendLog
POST /results -> postResult
GET /queues -> listQueues
PATCH /queues/{queue} -> updateQueue
POST /queues/{queue}/pause -> pauseQueue
POST /queues/{queue}/resume -> resumeQueue
POST /nodes/register -> registerNode
GET /nodes -> listNodes
GET /nodes/{id} -> getNode
DELETE /nodes/{id} -> removeNode
POST /nodes/{id}/heartbeat -> heartbeat
POST /nodes/{id}/drain -> drainNode
POST /nodes/{id}/resume -> resumeNode
POST /nodes/{id}/revoke -> revokeNode
GET /nodes/{id}/history -> nodeHistory
GET /nodes/{id}/energy -> nodeEnergy
POST /files -> createUpload
PATCH /files/{id} -> continueUpload
DELETE /files/{id} -> abandonUpload
GET /files/{id} -> downloadFile
POST /keys -> createKey
GET /keys -> listKeys
DELETE /keys/{id} -> revokeKey
POST /tokens -> createJoinToken
GET /events -> followEvents
GET /health -> health
GET /ready -> ready
GET /version -> version
GET /openapi.json -> openapi
`
  .trim()
  .split('\n');

test('The operations of the API are these', () => {
  assert.deepEqual(
    operations.map(({ method, path, id }) => `${method} ${path} -> ${id}`),
    served,
  );
});

test('Every operation is served under its path and under /api, and without a key all but the open ones say 401', async (t) => {
  const m = await startMasterUnderTest(t);
  for (const operation of operations) {
    for (const prefix of ['', '/api']) {
      const name = `${operation.method} ${prefix}${operation.path}`;
      const reply = await m.request(operation.method, prefix + pathOf(operation), { key: null });
      if (operation.access === 'open') {
        assert.equal(reply.status, 200, name);
        continue;
      }
      assert.equal(reply.status, 401, `${name}: ${reply.text}`);
      assert.equal(reply.headers.get('www-authenticate'), 'Bearer', name);
      assert.equal((reply.json as { error: { code: string } }).error.code, 'unauthorized', name);
      const stranger = await m.request(operation.method, prefix + pathOf(operation), { key: 'ffk_unknown' });
      assert.equal(stranger.status, 401, `${name} with an unknown key`);
    }
  }
});

async function keysOfRoles(m: MasterUnderTest) {
  const node = await registerNode(m);
  return {
    admin: m.adminKey,
    submitter: await m.key('submitter'),
    viewer: await m.key('viewer'),
    node: node.key,
    join: m.joinToken,
  };
}

test('A key of a role that may not call an operation is told so before anything of the request is read', async (t) => {
  const m = await startMasterUnderTest(t);
  const keys = await keysOfRoles(m);
  let refused = 0;
  for (const operation of operations) {
    for (const role of roles) {
      if (mayCall(role, operation.access)) continue;
      const reply = await m.request(operation.method, pathOf(operation), {
        key: keys[role],
        ...(operation.method === 'GET' ? {} : { body: '{ this is no JSON' }),
      });
      assert.equal(reply.status, 403, `${operation.id} as ${role}: ${reply.text}`);
      assert.match(reply.text, new RegExp(`a ${role} key may not do this`), operation.id);
      refused += 1;
    }
  }
  assert.ok(refused > 60, `${refused} pairs of role and operation`);
});

test('A role that may call an operation gets past the door', async (t) => {
  const m = await startMasterUnderTest(t);
  const keys = await keysOfRoles(m);
  for (const operation of operations.filter(({ stream }) => stream !== 'sse')) {
    for (const role of roles) {
      // A node speaks for itself alone; that is a matter of the verb.
      if (!mayCall(role, operation.access) || operation.access === 'open' || role === 'node') continue;
      const reply = await m.request(operation.method, pathOf(operation), { key: keys[role] });
      assert.ok(![401, 403].includes(reply.status), `${operation.id} as ${role}: ${reply.status}`);
    }
  }
});

test('Every operation succeeds once in a life of a job, and each JSON reply is what its schema declares', async (t) => {
  const m = await startMasterUnderTest(t);
  const node = await registerNode(m, 'visited');
  const visited = await visitEveryOperation(m, nodeWith(m, node.id, node.key));
  const expected = operations.filter(({ stream }) => stream === undefined).map(({ id }) => id);
  assert.deepEqual([...visited].sort(), expected.sort());
});

test('What nobody serves is answered 404 with a hint, and a broken address 400, both in the shape of every error', async (t) => {
  const m = await startMasterUnderTest(t);
  const unknown = await m.request('GET', '/jobz');
  assert.equal(unknown.status, 404);
  assert.match(unknown.text, /"code":"not_found","message":"there is no GET \/jobz; GET \/openapi.json/);
  const broken = await m.request('GET', '/jobs/%zz');
  assert.equal(broken.status, 400);
  assert.equal((broken.json as { error: { code: string } }).error.code, 'invalid_request');
});

test('HEAD is for probes and files: it never runs a verb, hands out work or opens a stream', async (t) => {
  const m = await startMasterUnderTest(t);
  const node = await registerNode(m);
  await m.submit();
  assert.equal((await m.request('HEAD', '/health')).status, 200);
  assert.equal((await m.request('HEAD', `/jobs/next?node_id=${node.id}`)).status, 404);
  assert.equal((await m.request('HEAD', '/events')).status, 404);
  assert.equal((await m.job('1')).status, 'pending');
});

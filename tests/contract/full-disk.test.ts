import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { jobOperations } from '@ffrtmp/shared/contract/jobs';
import { openScope, type Scope } from '../support/scope.ts';
import { startMasterIn, withoutFile } from './master-under-test.ts';
import { beginUpload, putFile } from './tus.ts';

/** A small disk of its own below the scope, or undefined where this user may not mount one. */
function mountDisk(t: TestContext, scope: Scope, name: string, size: string): string | undefined {
  const path = join(scope.dir, name);
  mkdirSync(path);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', path], { stdio: 'pipe' });
  } catch (error) {
    t.skip(`a small tmpfs cannot be mounted here: ${String((error as { stderr?: Buffer }).stderr).trim()}`);
    return undefined;
  }
  scope.onEnd(() => void execFileSync('umount', [path]));
  return path;
}

test('An upload that would fill the disk is refused before its first byte, a small one is taken', async (t) => {
  const scope = openScope(t);
  // Empty pages of a tmpfs cost no memory: the reserve of 256 MB and a little.
  const dataDir = mountDisk(t, scope, 'data', '300m');
  if (dataDir === undefined) return;
  const m = await startMasterIn(scope, { dataDir });
  const refused = await beginUpload(m, 200 << 20);
  assert.equal(refused.status, 507);
  assert.match(
    refused.text,
    /"insufficient_storage".* MB free and keeps 268.4 MB of it: an upload of 209.7 MB does not fit/,
  );
  await putFile(m, Buffer.from('a small file'));
});

test('When the disk of the database is full, jobs are refused with a sentence, none that was acknowledged is lost, and with room it goes on', {
  skip: withoutFile,
}, async (t) => {
  const scope = openScope(t);
  const disk = mountDisk(t, scope, 'disk', '6m');
  if (disk === undefined) return;
  const m = await startMasterIn(scope, { db: join(disk, 'master.db') });
  const bulk = Array.from({ length: 200 }, () => ({ labels: { round: 'x' } }));
  let acknowledged = 0;
  let reply = await m.request('POST', '/jobs', { body: bulk });
  for (let round = 0; round < 200 && reply.status === 201; round += 1) {
    acknowledged += bulk.length;
    reply = await m.request('POST', '/jobs', { body: bulk });
  }
  assert.equal(reply.status, 507, reply.text);
  assert.match(reply.text, /"insufficient_storage","message":"the disk under the master’s data directory is full/);
  assert.ok(acknowledged > 0);
  assert.equal((await m.request('GET', '/health')).status, 200, 'reading still works');
  assert.equal((await m.job(String(acknowledged))).status, 'pending');
  assert.equal((await m.request('GET', `/jobs/${acknowledged + 1}`)).status, 404);
  execFileSync('mount', ['-o', 'remount,size=100m', disk]);
  const again = await m.client.call(jobOperations.submit, { body: [{}] });
  assert.equal(Array.isArray((again as { jobs: unknown[] }).jobs), true);
});

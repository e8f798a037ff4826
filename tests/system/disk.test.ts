import assert from 'node:assert/strict';
import { closeSync, openSync, readdirSync, truncateSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { uploadFile } from '@ffrtmp/runtime/transfer';
import { FfrtmpError } from '@ffrtmp/shared/contract/errors';
import { engine } from '../support/engine.ts';
import { waitForEncode, waitForEvent, waitForJob } from '../support/events.ts';
import { attemptsOf, submitFilm } from '../support/film.ts';
import { startAgent, startMaster } from '../support/fleet.ts';
import { clip } from '../support/media.ts';
import { asSeenBy, noNamespaces, onSmallDisk } from '../support/namespace.ts';
import { openScope } from '../support/scope.ts';
import { untilTidy } from '../support/until.ts';

const encode = { scenario: '360p-h264-ultrafast' };
/** Master and agent keep 256 MiB free; what is above that is theirs to use. */
const RESERVED_MB = 256;
const CHUNK = Buffer.alloc(1 << 20, 1);

/** Writes until not another byte fits. */
function fill(path: string): void {
  const file = openSync(path, 'w');
  try {
    for (let size = CHUNK.length; size > 0; ) {
      try {
        writeSync(file, CHUNK, 0, size);
      } catch {
        size >>= 1;
      }
    }
  } finally {
    closeSync(file);
  }
}

test('An upload that would fill the master’s disk is refused before its first byte', {
  skip: noNamespaces,
}, async (t) => {
  const scope = openScope(t);
  const dataDir = scope.folder('master');
  const within = onSmallDisk(dataDir, RESERVED_MB + 48);
  const master = await startMaster(scope, { dataDir, within, env: { MASTER_API_KEY: 'a-key-of-this-test-alone' } });
  const large = join(scope.dir, 'large.mkv');
  writeFileSync(large, '');
  truncateSync(large, 64 << 20);
  await assert.rejects(uploadFile(master.connection, large), (error) => {
    assert.ok(error instanceof FfrtmpError);
    assert.equal(error.code, 'insufficient_storage');
    assert.match(error.message, /free .*upload of .*does not fit/);
    return true;
  });
  assert.deepEqual(readdirSync(asSeenBy(master.program.pid, join(dataDir, 'uploads'))), []);
  const film = await uploadFile(master.connection, await clip('motion'));
  assert.ok(film.bytes > 0, 'what fits is still taken');
});

test('An agent without space says so, and the job goes elsewhere', { skip: noNamespaces }, async (t) => {
  const scope = openScope(t);
  const master = await startMaster(scope);
  const dataDir = scope.folder('small');
  const args = ['--ffmpeg', engine(scope)];
  const within = onSmallDisk(dataDir, 64);
  const small = await startAgent(scope, master, { address: 'small', dataDir, within, args });
  const { id } = await submitFilm(master, await clip('motion'), encode);
  const failed = await waitForEvent(master, (event) => event.kind === 'attempt' && event.to === 'failed');
  const roomy = await startAgent(scope, master, { address: 'roomy', args });
  const job = await waitForJob(master, id);
  const attempts = await attemptsOf(master, id);
  assert.equal(failed.attempt_id, attempts[0]?.id);
  for (const attempt of attempts.slice(0, -1)) {
    assert.deepEqual([attempt.node_id, attempt.failure_class], [small.nodeId, 'resource']);
    assert.match(attempt.error ?? '', /this node has .* free and needs/);
  }
  assert.deepEqual([job.status, job.node_id, job.retry_count], ['completed', roomy.nodeId, attempts.length - 1]);
  await untilTidy(asSeenBy(small.program.pid, dataDir));
});

test('A disk that fills up in the middle of an encode fails the attempt and not the job', {
  skip: noNamespaces,
}, async (t) => {
  const scope = openScope(t);
  const master = await startMaster(scope);
  const dataDir = scope.folder('filling');
  const args = ['--ffmpeg', engine(scope, { paced: true })];
  const within = onSmallDisk(dataDir, RESERVED_MB + 32);
  const filling = await startAgent(scope, master, { address: 'filling', dataDir, within, args });
  const { id } = await submitFilm(master, await clip('noise', { seconds: 6 }), encode);
  await waitForEncode(master, id);
  const seen = asSeenBy(filling.program.pid, dataDir);
  fill(join(seen, 'something-else'));
  await waitForEvent(master, (event) => event.kind === 'attempt' && event.to === 'failed');
  const [attempt] = await attemptsOf(master, id);
  assert.equal(attempt?.failure_class, 'resource', attempt?.error ?? '');
  assert.match(attempt?.error ?? '', /space|full/i);
  await untilTidy(seen);
  const roomy = await startAgent(scope, master, { address: 'roomy', args });
  const job = await waitForJob(master, id);
  assert.deepEqual([job.status, job.node_id], ['completed', roomy.nodeId]);
});

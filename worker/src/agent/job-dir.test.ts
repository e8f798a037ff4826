import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { freeBytes, makeJobDir, removeJobDir, requireDisk, sweepJobDirs } from './job-dir.ts';

const dataDir = mkdtempSync(join(tmpdir(), 'ffrtmp-job-dir-'));
after(() => rmSync(dataDir, { recursive: true }));
const RESERVED_BYTES = 256 * 1024 * 1024;

test('Each attempt has a folder that nobody else can read, and it goes with everything in it', () => {
  const folder = makeJobDir(dataDir, 'attempt-1');
  assert.equal(statSync(folder).mode & 0o777, 0o700);
  mkdirSync(join(folder, 'output'));
  writeFileSync(join(folder, 'output', 'film.mp4'), 'x');
  removeJobDir(folder);
  assert.equal(existsSync(folder), false);
  removeJobDir(folder);
});

test('What an earlier agent left goes at the start and is named; nothing else in the data directory does', () => {
  for (const id of ['a', 'b']) writeFileSync(join(makeJobDir(dataDir, id), 'part'), 'x');
  writeFileSync(join(dataDir, 'credential.json'), '{}');
  assert.deepEqual(sweepJobDirs(dataDir).sort(), ['a', 'b']);
  assert.deepEqual(readdirSync(join(dataDir, 'jobs')), []);
  assert.ok(existsSync(join(dataDir, 'credential.json')));
  assert.deepEqual(sweepJobDirs(dataDir), []);
});

test('An attempt may need what is free beyond the reserve, and not a byte more', () => {
  // Another program may use the disk between the two looks: a margin that no test writes.
  const marginBytes = 64 * 1024 * 1024;
  const free = freeBytes(dataDir);
  assert.ok(free > RESERVED_BYTES + marginBytes, 'this machine has too little space for the test');
  requireDisk(dataDir, free - RESERVED_BYTES - marginBytes);
  assert.throws(() => requireDisk(dataDir, free - RESERVED_BYTES + marginBytes), {
    code: 'insufficient_storage',
    message: /this node has .* free and needs/,
  });
});

import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { FfrtmpError } from '@ffrtmp/shared/contract/errors';
import { migrations } from '../../master/src/database/migrations/list.ts';
import { openDatabase } from '../../master/src/database/open.ts';
import { repository, startProgram } from '../support/process.ts';
import { openScope } from '../support/scope.ts';

const hasCode = (code: string) => (error: unknown) => error instanceof FfrtmpError && error.code === code;

/** A process that opens the store and holds it; it dies by kill -9. */
const holder = `
  import { openDatabase } from '${join(repository, 'master/src/database/open.ts')}';
  openDatabase(process.argv[1]);
  console.log('holding');
  setInterval(() => undefined, 1000);`;

test('A store belongs to one process; kill -9 of the owner frees it at once', async (t) => {
  const scope = openScope(t, { leavesTemporaries: 'kill -9 of the owner' });
  const path = join(scope.dir, 'master.db');
  const owner = startProgram(scope, process.execPath, ['--input-type=module', '-e', holder, path]);
  await owner.waitForLine(/^holding$/);
  assert.throws(() => openDatabase(path), hasCode('data_dir_locked'));
  await owner.stop('SIGKILL');
  const db = openDatabase(path);
  assert.throws(() => openDatabase(path), hasCode('data_dir_locked'));
  await db.close();
  await openDatabase(path).close();
});

test('A store written by a newer version is refused and left as it is', async (t) => {
  const path = join(openScope(t).dir, 'master.db');
  await openDatabase(path).close();
  const raw = new DatabaseSync(path);
  raw.exec(`PRAGMA user_version = ${migrations.length + 1}`);
  raw.close();
  assert.throws(() => openDatabase(path), hasCode('newer_schema'));
});

test('A step of the schema leaves a backup of what was before it; a step that fails changes nothing', async (t) => {
  const scope = openScope(t);
  const path = join(scope.dir, 'master.db');
  await openDatabase(path).close();
  const next = { name: 'next', sql: 'CREATE TABLE next (x INTEGER) STRICT' };
  const broken = { name: 'broken', sql: 'CREATE TABLE half (x INTEGER) STRICT; CREATE NONSENSE' };
  assert.throws(() => openDatabase(path, [...migrations, broken]));
  const before = new DatabaseSync(path);
  assert.deepEqual({ ...before.prepare('PRAGMA user_version').get() }, { user_version: migrations.length });
  assert.equal(before.prepare("SELECT 1 FROM sqlite_master WHERE name = 'half'").get(), undefined);
  before.close();
  await openDatabase(path, [...migrations, next]).close();
  const backup = readdirSync(scope.dir).find((name) => name.includes('before-schema'));
  assert.ok(backup, 'no backup was written');
  const old = new DatabaseSync(join(scope.dir, backup));
  assert.equal(old.prepare("SELECT 1 FROM sqlite_master WHERE name = 'next'").get(), undefined);
  assert.ok(old.prepare("SELECT 1 FROM sqlite_master WHERE name = 'jobs'").get());
  old.close();
});

test(':memory: is a private file on a memory file system and is gone after the end', async () => {
  const db = openDatabase(':memory:');
  assert.ok(existsSync(db.path));
  await db.close();
  assert.equal(existsSync(db.path), false);
});

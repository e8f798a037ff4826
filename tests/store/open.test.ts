import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
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

test('A fresh store has the newest schema and a clean bill of health, closes to one file, and keeps what was written', async (t) => {
  const { dir } = openScope(t);
  const path = join(dir, 'deep', 'folder', 'master.db');
  const first = openDatabase(path);
  const tenant = { id: 'a', name: 'a', created_at: 1 };
  await first.write((tx) => tx.run({ build: (q) => q.insertInto('tenants').values(tenant) }));
  assert.ok(existsSync(`${path}-wal`));
  await first.close();
  const files = ['master.db', 'master.db.lock'];
  assert.deepEqual(readdirSync(dirname(path)).sort(), files);
  const second = openDatabase(path);
  const [row] = await second.read({ build: (q) => q.selectFrom('tenants').selectAll() });
  assert.deepEqual({ ...row }, tenant);
  await second.close();
  assert.deepEqual(readdirSync(dirname(path)).sort(), files, 'nothing was migrated, so nothing was backed up');
  const raw = new DatabaseSync(path);
  for (const [name, value] of Object.entries({
    user_version: migrations.length,
    journal_mode: 'wal',
    integrity_check: 'ok',
  }))
    assert.deepEqual({ ...raw.prepare(`PRAGMA ${name}`).get() }, { [name]: value });
  raw.close();
});

test('A path that cannot hold a store is not mistaken for one that is locked', (t) => {
  const folder = openScope(t).folder('a folder');
  assert.throws(
    () => openDatabase(folder),
    (error) => !hasCode('data_dir_locked')(error),
  );
});

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
  // Twice: a refusal must not keep the store locked.
  for (let turn = 0; turn < 2; turn += 1) assert.throws(() => openDatabase(path), hasCode('newer_schema'));
  const after = new DatabaseSync(path);
  assert.deepEqual({ ...after.prepare('PRAGMA user_version').get() }, { user_version: migrations.length + 1 });
  after.close();
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

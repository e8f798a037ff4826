import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { printConfig } from '@ffrtmp/runtime/usage';
import { FfrtmpError } from '@ffrtmp/shared/contract/errors';
import { type Migration, migrations } from '../../master/src/database/migrations/list.ts';
import { openDatabase } from '../../master/src/database/open.ts';
import { repository, startProgram } from '../support/process.ts';
import { openScope } from '../support/scope.ts';
import { onBothDatabases, type Place, postgresPlace } from './both.ts';

const onBoth = onBothDatabases();

const hasCode = (code: string) => (error: unknown) => error instanceof FfrtmpError && error.code === code;
const newest = migrations.length;

/** A process that opens the store and holds it; it dies by kill -9. */
const holder = `
  import { openDatabase } from '${join(repository, 'master/src/database/open.ts')}';
  await openDatabase(process.argv[1]);
  console.log('holding');
  setInterval(() => undefined, 1000);`;

async function versionIn({ dialect, sql }: Place): Promise<number> {
  const [row] = await sql(
    dialect === 'sqlite'
      ? 'SELECT user_version AS version FROM pragma_user_version'
      : 'SELECT version FROM schema_version',
  );
  return Number(row?.version);
}
const setVersion = ({ dialect, sql }: Place, version: number) =>
  sql(dialect === 'sqlite' ? `PRAGMA user_version = ${version}` : `UPDATE schema_version SET version = ${version}`);
const hasTable = ({ dialect, sql }: Place, name: string) =>
  sql(
    dialect === 'sqlite'
      ? `SELECT 1 FROM sqlite_master WHERE name = '${name}'`
      : `SELECT 1 FROM pg_class WHERE relname = '${name}'`,
  ).then((rows) => rows.length > 0);

onBoth('A fresh store has the newest schema and keeps what was written', async (place) => {
  const first = await place.open();
  const tenant = { id: 'a', name: 'a', created_at: 1, weight: 1 };
  await first.write((tx) => tx.run({ build: (q) => q.insertInto('tenants').values(tenant) }));
  await first.close();
  const second = await place.open();
  const [row] = await second.read({ build: (q) => q.selectFrom('tenants').selectAll() });
  assert.deepEqual({ ...row }, tenant);
  await second.close();
  assert.equal(await versionIn(place), newest);
});

test('A file is sound and closed to one file; where nothing was migrated nothing is backed up', async (t) => {
  const { dir } = openScope(t);
  const path = join(dir, 'deep', 'folder', 'master.db');
  for (let turn = 0; turn < 2; turn += 1) {
    const db = await openDatabase(path);
    await db.write((tx) => tx.run({ build: (q) => q.deleteFrom('tenants') }));
    assert.ok(existsSync(`${path}-wal`));
    await db.close();
    assert.deepEqual(readdirSync(dirname(path)).sort(), ['master.db', 'master.db.lock']);
  }
  const raw = new DatabaseSync(path);
  for (const [name, value] of Object.entries({ journal_mode: 'wal', integrity_check: 'ok' }))
    assert.deepEqual({ ...raw.prepare(`PRAGMA ${name}`).get() }, { [name]: value });
  raw.close();
});

test('A path that cannot hold a store is not mistaken for one that is locked', async (t) => {
  const folder = openScope(t).folder('a folder');
  await assert.rejects(openDatabase(folder), (error) => !hasCode('data_dir_locked')(error));
});

onBoth('A store belongs to one process; kill -9 of the owner frees it at once', async (place) => {
  const owner = startProgram(place.scope, process.execPath, ['--input-type=module', '-e', holder, place.db]);
  await owner.waitForLine(/^holding$/);
  await assert.rejects(place.open(), hasCode('data_dir_locked'));
  await owner.stop('SIGKILL');
  // PostgreSQL ends the connection of a process that is gone; its lock goes with it.
  if (place.dialect === 'postgres') await place.sql('SELECT pg_advisory_lock(4711002), pg_advisory_unlock(4711002)');
  const db = await place.open();
  await assert.rejects(place.open(), hasCode('data_dir_locked'));
  await db.close();
  await (await place.open()).close();
});

onBoth('A store written by a newer version is refused and left as it is', async (place) => {
  await (await place.open()).close();
  await setVersion(place, newest + 1);
  // Twice: a refusal must not keep the store locked.
  for (let turn = 0; turn < 2; turn += 1) await assert.rejects(place.open(), hasCode('newer_schema'));
  assert.equal(await versionIn(place), newest + 1);
});

const next: Migration = { name: 'next', sql: 'CREATE TABLE next (x INTEGER) STRICT' };
const broken: Migration = { name: 'broken', sql: 'CREATE TABLE half (x INTEGER) STRICT; CREATE NONSENSE' };

onBoth('A step of the schema that fails changes nothing; the next start can take it', async (place) => {
  await (await place.open()).close();
  await assert.rejects(place.open([...migrations, broken]));
  assert.deepEqual([await versionIn(place), await hasTable(place, 'half')], [newest, false]);
  await (await place.open([...migrations, next])).close();
  assert.deepEqual([await versionIn(place), await hasTable(place, 'next')], [newest + 1, true]);
});

onBoth('Every released version of the schema is brought up to the newest one, with its rows', async (place) => {
  await (await place.open(migrations.slice(0, 1))).close();
  await place.sql("INSERT INTO tenants (id, name, created_at) VALUES ('default', 'default', 7)");
  await place.sql("INSERT INTO classes (id, body) VALUES (1, 'a class')");
  await place.sql(`INSERT INTO jobs (seq, id, tenant_id, state, queue, priority, retry_count, max_retries, quarantined, created_at)
    VALUES (1, 'a job', 'default', 'pending', 'default', 'medium', 0, 3, 0, 5)`);
  for (let known = 2; known <= newest; known += 1) {
    await (await place.open(migrations.slice(0, known))).close();
    assert.equal(await versionIn(place), known);
  }
  const db = await place.open();
  const rows = await db.read({ build: (q) => q.selectFrom('jobs').select(['id', 'created_at']) });
  assert.deepEqual(
    rows.map((row) => ({ ...row })),
    [{ id: 'a job', created_at: 5 }],
  );
});

test('A step of the schema leaves a backup of the file as it was before', async (t) => {
  const scope = openScope(t);
  const path = join(scope.dir, 'master.db');
  await (await openDatabase(path)).close();
  await (await openDatabase(path, [...migrations, next])).close();
  const backup = readdirSync(scope.dir).find((name) => name.includes('before-schema'));
  assert.ok(backup, 'no backup was written');
  const old = new DatabaseSync(join(scope.dir, backup));
  assert.equal(old.prepare("SELECT 1 FROM sqlite_master WHERE name = 'next'").get(), undefined);
  assert.ok(old.prepare("SELECT 1 FROM sqlite_master WHERE name = 'jobs'").get());
  old.close();
});

test('Two masters that migrate one PostgreSQL database at once do it once', async (t) => {
  const place = await postgresPlace(t, onBoth.server);
  const openings = await Promise.allSettled([place.open(), place.open()]);
  const codes = openings.map((one) => (one.status === 'fulfilled' ? 'opened' : (one.reason as FfrtmpError).code));
  assert.deepEqual(codes.sort(), ['data_dir_locked', 'opened']);
  assert.equal(await versionIn(place), newest);
});

test('A PostgreSQL database that is not there, that nobody serves or whose address is no address is named without its password', async (t) => {
  const { db } = await postgresPlace(t, onBoth.server);
  const { dir } = openScope(t);
  const cases: [string, string, RegExp][] = [
    [db.replace(/test_\d+/, 'nowhere'), 'bad_config', /database "nowhere" does not exist/],
    [`postgres://me:secret@localhost/x?host=${dir}`, 'unavailable', /postgres:\/\/me@localhost\/x.* does not answer/],
    ['postgres://me:secret@[::1/x', 'bad_config', /postgres:\/\/user@host\/database/],
  ];
  for (const [address, code, message] of cases) {
    await assert.rejects(openDatabase(address), (error: FfrtmpError) => {
      assert.deepEqual([error.code, /secret/.test(error.message + error.stack)], [code, false]);
      assert.match(error.message, message);
      return true;
    });
  }
});

test('config print does not show the password of a database', () => {
  const db = 'postgres://me:se/cr@et@db.example/x?password=secret&sslmode=require';
  assert.deepEqual(JSON.parse(printConfig('print', { db, dataDir: '/data' })), {
    db: 'postgres://me:********@db.example/x?password=********&sslmode=require',
    dataDir: '/data',
  });
});

test(':memory: is a private file on a memory file system and is gone after the end', async () => {
  const db = await openDatabase(':memory:');
  assert.ok(existsSync(db.path));
  await db.close();
  assert.equal(existsSync(db.path), false);
});

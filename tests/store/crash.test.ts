import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { FfrtmpError } from '@ffrtmp/shared/contract/errors';
import { sql } from 'kysely';
import { type Database, openDatabase } from '../../master/src/database/open.ts';
import { p, type Statement, statement } from '../../master/src/database/statement.ts';
import { repository, startProgram } from '../support/process.ts';
import { onBothDatabases, type Place, postgresPlace } from './both.ts';

const onBoth = onBothDatabases();

const insert = statement((q) => q.insertInto('tenants').values({ id: p('id'), name: p('id'), created_at: 0 }));
const all = statement((q) => q.selectFrom('tenants').select('id').orderBy('id'));
const rename = statement((q) =>
  q
    .updateTable('tenants')
    .set({ name: p('name') })
    .where('id', '=', p<string>('id')),
);
const idsIn = async (db: Database) => (await db.read(all)).map((row) => row.id);
const isUnavailable = (error: unknown) => error instanceof FfrtmpError && error.code === 'unavailable';

/** Writes rows as fast as it can and prints each id once it is acknowledged. */
const writer = `
  import { openDatabase } from '${join(repository, 'master/src/database/open.ts')}';
  import { p, statement } from '${join(repository, 'master/src/database/statement.ts')}';
  const db = await openDatabase(process.argv[1]);
  const insert = statement((q) => q.insertInto('tenants').values({ id: p('id'), name: p('id'), created_at: 0 }));
  for (let i = 0; ; i += 1) {
    await Promise.all([0, 1, 2].map(async (j) => {
      const id = i + '/' + j;
      await db.write((tx) => tx.run(insert, { id }));
      console.log('stored ' + id);
    }));
  }`;

onBoth('Whatever was acknowledged is there after kill -9, and the store is sound', async (place) => {
  const freed = () => place.sql('SELECT pg_advisory_lock(4711002), pg_advisory_unlock(4711002)');
  for (const until of [/^stored 3\//, /^stored 400\//, /^stored 1000\//]) {
    const db = await place.open();
    await db.write((tx) => tx.run(statement((q) => q.deleteFrom('tenants'))));
    await db.close();
    const program = startProgram(place.scope, process.execPath, ['--input-type=module', '-e', writer, place.db]);
    await program.waitForLine(until);
    await program.stop('SIGKILL');
    const lines = program.stdout().split('\n');
    const acknowledged = lines.filter((line) => line.startsWith('stored ')).map((line) => line.slice(7));
    if (place.dialect === 'postgres') await freed();
    const after = await place.open();
    const stored = new Set(await idsIn(after));
    await after.close();
    assert.deepEqual(
      acknowledged.filter((id) => !stored.has(id)),
      [],
    );
    if (place.dialect === 'sqlite')
      assert.deepEqual(await place.sql('PRAGMA integrity_check'), [{ integrity_check: 'ok' }]);
  }
});

/** Writes with an effect each, and what became of them: in the caller's eyes, in memory and, at the end, in the store. */
function observed(db: Database) {
  const answered: string[] = [];
  const refused: unknown[] = [];
  const effects: string[] = [];
  const write = (id: string, first: readonly Statement<unknown>[] = []) =>
    db
      .write(async (tx) => {
        for (const statement of first) await tx.run(statement);
        await tx.run(insert, { id });
        tx.afterCommit(() => effects.push(id));
      })
      .then(
        () => void answered.push(id),
        (error: unknown) => void refused.push(error),
      );
  return { write, answered, refused, effects };
}

const killMaster =
  "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'ffrtmp-master' AND datname = current_database()";

test('Backends killed under load lose nothing that was acknowledged, and callers, memory and store agree on the rest', async (t) => {
  const place = await postgresPlace(t, onBoth.server);
  const db = await place.open();
  const { write, answered, refused, effects } = observed(db);
  let killed = 0;
  for (let round = 0; round < 60; round += 1) {
    const writes = Array.from({ length: 20 }, (_, i) => write(`${round}/${i}`));
    if (round % 2 === 0) killed += (await place.sql(killMaster)).length;
    await Promise.all(writes);
  }
  await write('the last one');
  assert.ok(killed >= 20, `${killed} backends were killed`);
  assert.ok(refused.every(isUnavailable), String(refused.find((error) => !isUnavailable(error))));
  assert.ok(answered.length > 0 && refused.length > 0, `${answered.length} answered, ${refused.length} refused`);
  const stored = await idsIn(db);
  assert.deepEqual([answered.toSorted(), effects.toSorted()], [stored, stored]);
});

/** The COMMIT of this transaction is durable but does not answer: it waits for a standby that there is not. */
const waitForStandby: Statement<unknown> = {
  build: (q) => ({ compile: () => sql`set local synchronous_commit = 'on'`.compile(q) }),
};

/** Resolves when a backend of this database waits for `event`; the server looks, every few milliseconds. */
const untilBackend = ({ sql }: Place, condition: string) =>
  sql(`DO $$ BEGIN
    LOOP
      PERFORM pg_stat_clear_snapshot();
      EXIT WHEN EXISTS (SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND ${condition});
      PERFORM pg_sleep(0.005);
    END LOOP;
  END $$`);

test('A connection that breaks after COMMIT took effect: the server is asked, the caller is answered, effects happen once', async (t) => {
  const place = await postgresPlace(t, onBoth.server);
  const db = await place.open();
  const { write, answered, refused, effects } = observed(db);
  await write('before');
  const writing = write('in doubt', [waitForStandby]);
  await untilBackend(place, "wait_event = 'SyncRep'");
  await place.sql(`${killMaster} AND wait_event = 'SyncRep'`);
  await writing;
  await write('after');
  const everything = ['before', 'in doubt', 'after'];
  assert.deepEqual([answered, effects, refused], [everything, everything, []]);
  assert.deepEqual(await idsIn(db), everything.toSorted());
});

test('A connection that breaks before COMMIT took effect: the caller is told to try again, and nothing of it stays', async (t) => {
  const place = await postgresPlace(t, onBoth.server);
  const db = await place.open();
  await place.sql(`CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN IF new.id = 'in doubt' THEN PERFORM pg_sleep(60); END IF; RETURN NULL; END $$`);
  await place.sql(`CREATE CONSTRAINT TRIGGER dawdles AFTER INSERT ON tenants DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION dawdle()`);
  const { write, answered, refused, effects } = observed(db);
  const writing = write('in doubt');
  await untilBackend(place, "wait_event = 'PgSleep' AND application_name = 'ffrtmp-master'");
  await place.sql(`${killMaster} AND wait_event = 'PgSleep'`);
  await writing;
  await write('after');
  assert.deepEqual([answered, effects, refused.length, isUnavailable(refused[0])], [['after'], ['after'], 1, true]);
  assert.deepEqual(await idsIn(db), ['after']);
});

test('A server that crashes and comes back is used again without a new start of the master', async (t) => {
  const place = await postgresPlace(t, onBoth.server);
  const db = await place.open();
  const { write, answered, refused, effects } = observed(db);
  await write('before');
  const underLoad = Promise.all(Array.from({ length: 300 }, (_, i) => write(`load ${i}`)));
  await onBoth.server.crash();
  await underLoad;
  await write('while it is away');
  await assert.rejects(db.read(all), isUnavailable);
  assert.ok(refused.length >= 1 && refused.every(isUnavailable), String(refused[0]));
  await onBoth.server.restart();
  await write('after');
  const stored = await idsIn(db);
  assert.deepEqual([answered.toSorted(), effects.toSorted()], [stored, stored]);
  assert.ok(stored.includes('before') && stored.includes('after') && !stored.includes('while it is away'));
});

/** The store with a setting of the session changed, in a place where one row is there. */
async function withSetting(place: Place, setting: string): Promise<Database> {
  const first = await place.open();
  await first.write((tx) => tx.run(insert, { id: 'wanted' }));
  await first.close();
  const db = await openDatabase(`${place.db}&options=${encodeURIComponent(`-c ${setting}`)}`);
  place.scope.onEnd(() => db.close());
  return db;
}

/** Renames the row that is wanted by others too; `before` runs in each try before that. */
function contended(db: Database, before: (tries: number) => Promise<unknown>) {
  const seen = { tries: 0, effects: 0 };
  const done = db.write(async (tx) => {
    seen.tries += 1;
    await tx.run(insert, { id: 'beside it' });
    await before(seen.tries);
    await tx.run(rename, { id: 'wanted', name: 'renamed' });
    tx.afterCommit(() => {
      seen.effects += 1;
    });
  });
  return { done, seen };
}

const changeIt = "UPDATE tenants SET weight = 2 WHERE id = 'wanted'";
const renamed = [
  { id: 'beside it', name: 'beside it', weight: '1' },
  { id: 'wanted', name: 'renamed', weight: '2' },
];
const rowsOf = ({ sql }: Place) => sql('SELECT id, name, weight FROM tenants ORDER BY id');

test('A row that others hold locked: the group is tried again until they let go, and its effects happen once', async (t) => {
  const place = await postgresPlace(t, onBoth.server);
  const db = await withSetting(place, 'lock_timeout=50');
  await place.sql('BEGIN');
  await place.sql(changeIt);
  const { done, seen } = contended(db, async (tries) => tries === 3 && place.sql('COMMIT'));
  await done;
  assert.deepEqual([seen, await rowsOf(place)], [{ tries: 3, effects: 1 }, renamed]);
});

test('A row that others changed meanwhile: a serialization failure is tried again, and its effects happen once', async (t) => {
  const place = await postgresPlace(t, onBoth.server);
  const db = await withSetting(place, 'default_transaction_isolation=repeatable\\ read');
  const { done, seen } = contended(db, async (tries) => tries === 1 && place.sql(changeIt));
  await done;
  assert.deepEqual([seen, await rowsOf(place)], [{ tries: 2, effects: 1 }, renamed]);
});

test('A row that stays locked ends with unavailable after a limited number of tries, and nothing of the group stays', async (t) => {
  const place = await postgresPlace(t, onBoth.server);
  const db = await withSetting(place, 'lock_timeout=50');
  await place.sql('BEGIN');
  await place.sql(changeIt);
  const { done, seen } = contended(db, async () => undefined);
  await assert.rejects(done, isUnavailable);
  await place.sql('ROLLBACK');
  assert.deepEqual([seen, await idsIn(db)], [{ tries: 5, effects: 0 }, ['wanted']]);
});

test('A mutation that hides the failure of one of its statements is refused as a whole', async (t) => {
  const place = await postgresPlace(t, onBoth.server);
  const db = await place.open();
  await db.write((tx) => tx.run(insert, { id: 'taken' }));
  const hiding = db.write(async (tx) => {
    await tx.run(insert, { id: 'new' });
    await tx.run(insert, { id: 'taken' }).catch(() => undefined);
  });
  await assert.rejects(hiding, /current transaction is aborted/);
  assert.deepEqual(await idsIn(db), ['taken']);
});

import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { createCommitter, type Transaction } from '../../master/src/database/commit.ts';
import { openDatabase } from '../../master/src/database/open.ts';
import { p, statement } from '../../master/src/database/statement.ts';
import { repository, startProgram } from '../support/process.ts';
import { openScope } from '../support/scope.ts';

const insert = statement((q) => q.insertInto('tenants').values({ id: p('id'), name: p('id'), created_at: 0 }));
const all = statement((q) => q.selectFrom('tenants').select('id').orderBy('id'));
const add = (id: string) => async (tx: Transaction) => void (await tx.run(insert, { id }));

/** A database that writes down every transaction statement it is given. */
function traced(t: { after: (end: () => void) => void }) {
  const database = new DatabaseSync(':memory:');
  t.after(() => database.close());
  database.exec('CREATE TABLE tenants (id TEXT PRIMARY KEY, name TEXT NOT NULL, created_at INTEGER NOT NULL) STRICT');
  const said: string[] = [];
  const exec = database.exec.bind(database);
  database.exec = (sql: string) => {
    said.push(sql.split(' ')[0] ?? '');
    exec(sql);
  };
  return { committer: createCommitter(database), said };
}

test('The mutations of one turn of the event loop share one transaction, and none is answered before its COMMIT', async (t) => {
  const { committer, said } = traced(t);
  const answered = Array.from({ length: 50 }, async (_, i) => {
    await committer.write(add(`t${i}`));
    return said.join(' ');
  });
  assert.deepEqual(new Set(await Promise.all(answered)), new Set(['BEGIN COMMIT']));
});

test('A group has an upper limit, so that the event loop is not stalled', async (t) => {
  const { committer, said } = traced(t);
  await Promise.all(Array.from({ length: 600 }, (_, i) => committer.write(add(`t${i}`))));
  assert.equal(said.filter((word) => word === 'COMMIT').length, 3);
});

test('One mutation that throws fails alone: the others of its group are stored, nothing of it stays, no effect of it runs', async (t) => {
  const { committer } = traced(t);
  const effects: string[] = [];
  const write = (id: string, fault = false) =>
    committer.write(async (tx) => {
      await tx.run(insert, { id });
      tx.afterCommit(() => effects.push(id));
      if (fault) throw new Error('on purpose');
    });
  const results = await Promise.allSettled([write('a'), write('b', true), write('c')]);
  assert.deepEqual(
    results.map((result) => result.status),
    ['fulfilled', 'rejected', 'fulfilled'],
  );
  assert.deepEqual(
    (await committer.read(all)).map((row) => row.id),
    ['a', 'c'],
  );
  assert.deepEqual(effects, ['a', 'c']);
});

test('Effects run after the COMMIT and before the answer', async (t) => {
  const { committer, said } = traced(t);
  const order: string[] = [];
  await committer.write(async (tx) => {
    tx.afterCommit(() => order.push(`effect after ${said.at(-1)}`));
    order.push('work');
  });
  order.push('answer');
  assert.deepEqual(order, ['work', 'effect after COMMIT', 'answer']);
});

/** Writes rows as fast as it can and prints each id once it is acknowledged. */
const writer = `
  import { openDatabase } from '${join(repository, 'master/src/database/open.ts')}';
  import { p, statement } from '${join(repository, 'master/src/database/statement.ts')}';
  const db = openDatabase(process.argv[1]);
  const insert = statement((q) => q.insertInto('tenants').values({ id: p('id'), name: p('id'), created_at: 0 }));
  for (let i = 0; ; i += 1) {
    await Promise.all([0, 1, 2].map(async (j) => {
      const id = i + '/' + j;
      await db.write((tx) => tx.run(insert, { id }));
      console.log('stored ' + id);
    }));
  }`;

test('Whatever was acknowledged is there after kill -9, and the file is sound', async (t) => {
  const scope = openScope(t, { leavesTemporaries: 'kill -9 of the writer' });
  const path = join(scope.dir, 'master.db');
  for (const until of [/^stored 3\//, /^stored 400\//, /^stored 1000\//]) {
    const db = openDatabase(path);
    await db.write((tx) => tx.run(statement((q) => q.deleteFrom('tenants'))));
    await db.close();
    const program = startProgram(scope, process.execPath, ['--input-type=module', '-e', writer, path]);
    await program.waitForLine(until);
    await program.stop('SIGKILL');
    const acknowledged = program
      .stdout()
      .split('\n')
      .filter((line) => line.startsWith('stored '))
      .map((line) => line.slice(7));
    const after = openDatabase(path);
    const stored = new Set((await after.read(all)).map((row) => row.id));
    await after.close();
    assert.deepEqual(
      acknowledged.filter((id) => !stored.has(id)),
      [],
    );
    const raw = new DatabaseSync(path);
    assert.deepEqual({ ...raw.prepare('PRAGMA integrity_check').get() }, { integrity_check: 'ok' });
    raw.close();
  }
});

test('The write-ahead log stays bounded under a burst', async (t) => {
  const path = join(openScope(t).dir, 'master.db');
  const db = openDatabase(path);
  const name = 'x'.repeat(4000);
  const wide = statement((q) => q.insertInto('tenants').values({ id: p('id'), name: p('name'), created_at: 0 }));
  let largest = 0;
  for (let round = 0; round < 100; round += 1) {
    await Promise.all(
      Array.from({ length: 200 }, (_, i) => db.write((tx) => tx.run(wide, { id: `${round}/${i}`, name }))),
    );
    largest = Math.max(largest, statSync(`${path}-wal`).size);
  }
  await db.close();
  // 80 MB were written; the log is restarted above 8,000 pages (33 MB), and one burst may come on top.
  assert.ok(largest < 60e6, `the log grew to ${largest} bytes`);
});

import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import fc from 'fast-check';
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

test('Whatever fails in a group fails alone: the others are stored and answered once, and nothing of it stays', async (t) => {
  const kind = fc.constantFrom('good', 'throws', 'throws late', 'constraint');
  await fc.assert(
    fc.asyncProperty(fc.array(kind, { minLength: 1, maxLength: 40 }), async (kinds) => {
      const { committer } = traced(t);
      await committer.write(add('taken'));
      const effects: number[] = [];
      const write = (fault: string, index: number) =>
        committer.write(async (tx) => {
          tx.afterCommit(() => effects.push(index));
          if (fault === 'throws') throw new Error(`fault ${index}`);
          await tx.run(insert, { id: fault === 'constraint' ? 'taken' : `id ${index}` });
          if (fault === 'throws late') throw new Error(`fault ${index}`);
          return index;
        });
      const settled = await Promise.allSettled(kinds.map(write));
      const good = kinds.flatMap((fault, index) => (fault === 'good' ? [index] : []));
      const answers = settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
      assert.deepEqual([answers, effects], [good, good]);
      const stored = (await committer.read(all)).map((row) => row.id);
      assert.deepEqual(stored, [...good.map((index) => `id ${index}`), 'taken'].sort());
    }),
    { numRuns: 50 },
  );
});

test('An effect that throws ends the process visibly, and what is durable never happens twice for it', async (t) => {
  const { committer, said } = traced(t);
  const listeners = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  t.after(() => listeners.forEach((listener) => void process.on('uncaughtException', listener)));
  const fault = new Promise((resolve) => process.once('uncaughtException', resolve));
  const later: string[] = [];
  const answer = await committer.write(async (tx) => {
    await add('once')(tx);
    tx.afterCommit(() => {
      throw new Error('memory is behind');
    });
    tx.afterCommit(() => later.push('the other effects still happen'));
    return 'done';
  });
  assert.equal(((await fault) as Error).message, 'memory is behind');
  assert.deepEqual([answer, said.join(' '), later.length], ['done', 'BEGIN COMMIT', 1]);
});

test('A read never sees a group that is not committed', async (t) => {
  const { committer } = traced(t);
  const writing = committer.write(add('a'));
  assert.deepEqual(await committer.read(all), []);
  await writing;
  assert.equal((await committer.read(all)).length, 1);
});

test('Chores run between groups, never within one, and at once where nothing is written', async (t) => {
  const { committer, said } = traced(t);
  committer.betweenGroups(() => said.push('idle chore'));
  const writing = committer.write(add('a'));
  committer.betweenGroups(() => said.push('chore'));
  await writing;
  await committer.write(add('b'));
  assert.deepEqual(said, ['idle chore', 'BEGIN', 'COMMIT', 'chore', 'BEGIN', 'COMMIT']);
});

test('A statement says which value it lacks, and in which query', async (t) => {
  const { committer } = traced(t);
  const write = committer.write((tx) => tx.run(insert, {}));
  await assert.rejects(write, /no value for parameter id of: insert into "tenants"/);
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

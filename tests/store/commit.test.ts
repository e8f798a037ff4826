import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import fc from 'fast-check';
import { createCommitter, type Store, type Transaction } from '../../master/src/database/commit.ts';
import { migrations } from '../../master/src/database/migrations/list.ts';
import { connectPostgres } from '../../master/src/database/postgres/open.ts';
import { sqliteStore } from '../../master/src/database/sqlite.ts';
import { p, statement } from '../../master/src/database/statement.ts';
import { onBothDatabases, type Place, sqlitePlace } from './both.ts';

const onBoth = onBothDatabases();

const insert = statement((q) => q.insertInto('tenants').values({ id: p('id'), name: p('id'), created_at: 0 }));
const all = statement((q) => q.selectFrom('tenants').select('id').orderBy('id'));
const empty = statement((q) => q.deleteFrom('tenants'));
const add = (id: string) => async (tx: Transaction) => void (await tx.run(insert, { id }));

async function storeIn({ dialect, db, open, scope }: Place): Promise<Store> {
  await (await open()).close();
  if (dialect === 'sqlite') {
    const database = new DatabaseSync(db);
    scope.onEnd(() => database.close());
    return sqliteStore(database);
  }
  const { store, close } = await connectPostgres(db, migrations);
  scope.onEnd(close);
  return store;
}

/** A committer whose transactions are written down: their beginning, and the moment they are known to be durable. */
async function traced(place: Place) {
  const store = await storeIn(place);
  const said: string[] = [];
  const committer = createCommitter({
    read: store.read,
    async transact(work) {
      said.push('BEGIN');
      await store.transact(async (run) => {
        const committed = await work(run);
        return () => {
          said.push('COMMIT');
          committed();
        };
      });
    },
  });
  const stored = async () => (await place.sql('SELECT id FROM tenants ORDER BY id')).map((row) => String(row.id));
  return { committer, said, stored };
}

onBoth(
  'The mutations of one turn of the event loop share one transaction, and each is answered when others can see it',
  async (place) => {
    const { committer, said, stored } = await traced(place);
    const ids = Array.from({ length: 50 }, (_, i) => `t${String(i).padStart(2, '0')}`);
    const answered = ids.map(async (id) => {
      await committer.write(add(id));
      return [said.join(' '), await stored()];
    });
    for (const answer of await Promise.all(answered)) assert.deepEqual(answer, ['BEGIN COMMIT', ids]);
  },
);

onBoth('A group has an upper limit, so that the event loop is not stalled', async (place) => {
  const { committer, said } = await traced(place);
  await Promise.all(Array.from({ length: 600 }, (_, i) => committer.write(add(`t${i}`))));
  assert.equal(said.filter((word) => word === 'COMMIT').length, 3);
});

onBoth(
  'One mutation that throws fails alone: the others of its group are stored, nothing of it stays, no effect of it runs',
  async (place) => {
    const { committer, stored } = await traced(place);
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
      [await stored(), effects],
      [
        ['a', 'c'],
        ['a', 'c'],
      ],
    );
  },
);

onBoth('Effects run after the COMMIT and before the answer', async (place) => {
  const { committer, said } = await traced(place);
  const order: string[] = [];
  await committer.write(async (tx) => {
    tx.afterCommit(() => order.push(`effect after ${said.at(-1)}`));
    order.push('work');
  });
  order.push('answer');
  assert.deepEqual(order, ['work', 'effect after COMMIT', 'answer']);
});

onBoth(
  'Whatever fails in a group fails alone: the others are stored and answered once, and nothing of it stays',
  async (place) => {
    const { committer, stored } = await traced(place);
    const kind = fc.constantFrom('good', 'throws', 'throws late', 'constraint');
    await fc.assert(
      fc.asyncProperty(fc.array(kind, { minLength: 1, maxLength: 40 }), async (kinds) => {
        await committer.write((tx) => tx.run(empty));
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
        assert.deepEqual(await stored(), [...good.map((index) => `id ${index}`), 'taken'].sort());
      }),
      { numRuns: 50 },
    );
  },
);

onBoth(
  'An effect that throws ends the process visibly, and what is durable never happens twice for it',
  async (place, t) => {
    const { committer, said } = await traced(place);
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
  },
);

onBoth('A read never sees a group that is not committed', async (place) => {
  const { committer } = await traced(place);
  let seenMeanwhile: unknown[] | undefined;
  const writing = committer.write(async (tx) => {
    await tx.run(insert, { id: 'a' });
    // PostgreSQL yields to others within a group; SQLite does not, so there nobody can ask.
    if (place.dialect === 'postgres') seenMeanwhile = await committer.read(all);
  });
  if (place.dialect === 'sqlite') seenMeanwhile = await committer.read(all);
  await writing;
  assert.deepEqual(seenMeanwhile, []);
  assert.equal((await committer.read(all)).length, 1);
});

onBoth('Chores run between groups, never within one, and at once where nothing is written', async (place) => {
  const { committer, said } = await traced(place);
  committer.betweenGroups(() => said.push('idle chore'));
  const writing = committer.write(add('a'));
  committer.betweenGroups(() => said.push('chore'));
  await writing;
  await committer.write(add('b'));
  assert.deepEqual(said, ['idle chore', 'BEGIN', 'COMMIT', 'chore', 'BEGIN', 'COMMIT']);
});

onBoth('A statement says which value it lacks, and in which query', async (place) => {
  const { committer } = await traced(place);
  const write = committer.write((tx) => tx.run(insert, {}));
  await assert.rejects(write, /no value for parameter id of: insert into "tenants"/);
});

onBoth('Text comes back as it was given, numbers stay numbers, and order is by bytes', async (place) => {
  const { committer } = await traced(place);
  const texts = ['ä', 'a b', 'A', 'z', '𝒜', "'; --", '\\', '{"a":"\\u0000"}'];
  const counted = statement((q) =>
    q
      .selectFrom('tenants')
      .select(({ fn }) => [fn.countAll<number>().as('count'), fn.sum<number>('created_at').as('sum')]),
  );
  await Promise.all(texts.map((id) => committer.write(add(id))));
  const byBytes = texts.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  assert.deepEqual(
    (await committer.read(all)).map((row) => row.id),
    byBytes,
  );
  assert.deepEqual({ ...(await committer.read(counted))[0] }, { count: texts.length, sum: 0 });
});

test('The write-ahead log stays bounded under a burst', async (t) => {
  const place = await sqlitePlace(t);
  const db = await place.open();
  const name = 'x'.repeat(4000);
  const wide = statement((q) => q.insertInto('tenants').values({ id: p('id'), name: p('name'), created_at: 0 }));
  let largest = 0;
  for (let round = 0; round < 100; round += 1) {
    await Promise.all(
      Array.from({ length: 200 }, (_, i) => db.write((tx) => tx.run(wide, { id: `${round}/${i}`, name }))),
    );
    largest = Math.max(largest, statSync(`${place.db}-wal`).size);
  }
  await db.close();
  // 80 MB were written; the log is restarted above 8,000 pages (33 MB), and one burst may come on top.
  assert.ok(largest < 60e6, `the log grew to ${largest} bytes`);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compile, type Statement } from '../../master/src/database/statement.ts';
import * as filesOfRetention from '../../master/src/files/prune-store.ts';
import * as files from '../../master/src/files/store.ts';
import * as sums from '../../master/src/receipts/daily-store.ts';
import * as rows from '../../master/src/recovery/store.ts';
import { sqlitePlace } from './both.ts';

test('Nothing that retention asks for is looked for in a whole table, and neither is what goes with a job', async (t) => {
  const place = await sqlitePlace(t);
  await (await place.open()).close();
  const statements: [string, Statement<unknown>][] = Object.entries({
    ...filesOfRetention,
    ...files,
    ...sums,
    ...rows,
  });
  assert.ok(statements.length > 40);
  for (const [name, statement] of statements) {
    const { sql } = compile(statement, 'sqlite');
    const plan = await place.sql(`EXPLAIN QUERY PLAN ${sql.replaceAll('?', "'1'")}`);
    // A page that was found by an index is then read from its beginning to its end.
    const walks = plan.filter(({ detail }) => /^SCAN (?!page$)/.test(String(detail)));
    assert.deepEqual(walks, [], name);
  }
});

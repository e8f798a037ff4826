import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { median } from '../../bench/measure/statistics.ts';
import { openDatabase } from '../../master/src/database/open.ts';
import { startMasterIn, withoutFile } from '../contract/master-under-test.ts';
import { parsePage, valueOn } from '../support/exposition.ts';
import { openScope } from '../support/scope.ts';
import { ROWS } from './million.ts';

/** Of one page, beside which the master does nothing else: what a claim would have to wait at the most. */
const LIMIT_MS = 50;
const PAGES = 9;

/** Of ten jobs one waits and the others are completed. */
const jobs = `INSERT INTO tenants (id, name, created_at) VALUES ('default', 'default', 0);
  WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${ROWS})
  INSERT INTO jobs (seq, id, tenant_id, queue, priority, retry_count, max_retries, quarantined, created_at, state, completed_at)
  SELECT i, 'job ' || i, 'default', 'default', 'medium', 0, 3, 0, i,
    CASE WHEN i % 10 = 0 THEN 'pending' ELSE 'completed' END, CASE WHEN i % 10 = 0 THEN NULL ELSE i END FROM n`;

test('A page with a million jobs in the store is made in less than 50 ms, of which the store has none', async (t) => {
  if (withoutFile) return t.skip(withoutFile);
  const scope = openScope(t);
  const db = join(scope.dir, 'master.db');
  await (await openDatabase(db)).close();
  const file = new DatabaseSync(db);
  file.exec(jobs);
  file.close();
  const m = await startMasterIn(scope, { db, dataDir: join(scope.dir, 'data') });
  const took: number[] = [];
  let text = '';
  for (let page = 0; page < PAGES; page += 1) {
    const startedMs = performance.now();
    await m.master.metrics.collect();
    text = await m.master.metrics.registry.metrics();
    took.push(performance.now() - startedMs);
  }
  const families = parsePage(text);
  assert.equal(valueOn(families, 'ffrtmp_jobs_completed'), (ROWS * 9) / 10);
  assert.equal(valueOn(families, 'ffrtmp_jobs_pending'), ROWS / 10);
  t.diagnostic(`${median(took).toFixed(1)} ms a page, ${text.length} bytes`);
  assert.ok(median(took) < LIMIT_MS, `${took.map((ms) => ms.toFixed(1))} ms`);
});

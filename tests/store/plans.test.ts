import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { openDatabase } from '../../master/src/database/open.ts';
import { compileForSqlite, type Statement } from '../../master/src/database/statement.ts';
import {
  artifactsOfTask,
  attemptsOfJob,
  dependentsOf,
  dueTasks,
  earliestDue,
  jobById,
  jobBySeq,
  laneHeads,
  liveAttemptOf,
  liveOnNode,
  readyLanes,
  tasksOfJob,
} from '../../master/src/jobs/store.ts';
import { openScope } from '../support/scope.ts';

/** The index each hot statement has to walk: a plan that scans is flat only while the table is small. */
const wanted: { name: string; query: Statement<unknown>; index: string; sorts?: string }[] = [
  { name: 'laneHeads', query: laneHeads, index: 'tasks_claimable' },
  { name: 'dueTasks', query: dueTasks, index: 'tasks_due' },
  { name: 'earliestDue', query: earliestDue, index: 'tasks_due' },
  { name: 'readyLanes', query: readyLanes, index: 'tasks_claimable', sorts: 'once, at the start' },
  { name: 'jobById', query: jobById, index: 'sqlite_autoindex_jobs_1' },
  { name: 'jobBySeq', query: jobBySeq, index: 'INTEGER PRIMARY KEY' },
  { name: 'tasksOfJob', query: tasksOfJob, index: 'tasks_by_job' },
  { name: 'attemptsOfJob', query: attemptsOfJob, index: 'attempts_by_job', sorts: 'the few of one job' },
  { name: 'liveAttemptOf', query: liveAttemptOf, index: 'attempts_one_live' },
  { name: 'liveOnNode', query: liveOnNode, index: 'attempts_by_node' },
  { name: 'dependentsOf', query: dependentsOf, index: 'task_needs_reverse' },
  { name: 'artifactsOfTask', query: artifactsOfTask, index: 'artifacts_by_task', sorts: 'the few of one task' },
];

const ROWS = 20_000;

test('Every hot statement walks the index made for it, with and without statistics', async (t) => {
  const path = join(openScope(t).dir, 'master.db');
  await openDatabase(path).close();
  const db = new DatabaseSync(path);
  t.after(() => db.close());
  db.exec(`
    INSERT INTO tenants VALUES ('t', 't', 0);
    INSERT INTO classes (id, body) VALUES (1, 'c'), (2, 'd');
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${ROWS})
      INSERT INTO jobs (seq, id, tenant_id, state, queue, priority, retry_count, max_retries, quarantined, created_at)
      SELECT i, 'j' || i, 't', 'pending', 'default', 'medium', 0, 3, 0, 0 FROM n;
    INSERT INTO tasks (id, job_seq, position, tenant_id, kind, mode, state, required, class_id, ord, claimable, attempts, failures, losses)
      SELECT 'k' || seq, seq, 0, 't', 'transcode', 'finite', 'ready', 1, 1 + seq % 2, seq, 1, 0, 0, 0 FROM jobs;`);
  for (const statistics of [false, true]) {
    if (statistics) db.exec('ANALYZE');
    for (const { name, query, index, sorts } of wanted) {
      const { sql } = compileForSqlite(query);
      const plan = db.prepare(`EXPLAIN QUERY PLAN ${sql}`).all() as { detail: string }[];
      const text = plan.map((step) => step.detail).join('; ');
      assert.ok(text.includes(index), `${name}${statistics ? ' with statistics' : ''}: ${text}`);
      assert.ok(!/TEMP B-TREE/.test(text) || sorts !== undefined, `${name} sorts: ${text}`);
    }
  }
});

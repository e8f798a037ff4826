import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { migrations } from '../../master/src/database/migrations/list.ts';
import { compileForSqlite, type Run, type Statement } from '../../master/src/database/statement.ts';
import { createEventLog } from '../../master/src/events/log.ts';
import { ownedFile } from '../../master/src/files/store.ts';
import { type JobFilter, listJobs } from '../../master/src/jobs/list.ts';
import * as store from '../../master/src/jobs/store.ts';
import { resultsOnNode } from '../../master/src/receipts/store.ts';

/** Enough rows of each kind that a plan without its index would be a plan over all of them. */
const JOBS = 3000;

function filled(): DatabaseSync {
  const database = new DatabaseSync(':memory:');
  for (const { sql } of migrations) database.exec(sql);
  database.exec(`
    INSERT INTO tenants VALUES ('default', 'default', 0);
    INSERT INTO classes (id, body) VALUES (1, 'one'), (2, 'two');
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${JOBS})
    INSERT INTO jobs (id, tenant_id, state, queue, priority, retry_count, max_retries, quarantined, created_at)
      SELECT 'job ' || i, 'default', 'pending', 'default', 'medium', 0, 3, 0, i FROM n;
    INSERT INTO tasks SELECT 'task ' || seq, seq, 0, 'default', 'transcode', 'finite', 'ready', 1, 1 + seq % 2, seq, seq % 10 > 0, seq, 0, 0, 0, NULL FROM jobs;
    INSERT INTO task_bodies SELECT id, '{}' FROM tasks;
    INSERT INTO job_labels SELECT 'default', 'show', 'pilot', seq FROM jobs WHERE seq % 100 = 0;
    INSERT INTO attempts SELECT 'attempt ' || seq, 'task ' || seq, seq, 'default', 1, 'node ' || seq % 9, NULL,
      iif(seq % 50, 'lost', 'leased'), NULL, NULL, NULL, seq, NULL, iif(seq % 50, seq, NULL) FROM jobs;
    INSERT INTO files SELECT 'sha ' || seq, 1, 0 FROM jobs;
    INSERT INTO file_owners SELECT 'default', sha256, 0 FROM files;
    INSERT INTO events (tenant_id, kind, at) SELECT 'default', 'job', 0 FROM jobs;`);
  return database;
}

const database = filled();

function planOf(statement: Statement<unknown>): string[] {
  const { sql } = compileForSqlite(statement);
  const rows = database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all() as { detail: string }[];
  return rows.map(({ detail }) => detail);
}

/** The statement behind a read verb. */
async function behind(verb: (run: Run) => Promise<unknown>): Promise<Statement<unknown>> {
  const seen: Statement<unknown>[] = [];
  await verb(async (statement) => {
    seen.push(statement);
    return [];
  });
  assert.ok(seen[0]);
  return seen[0];
}

/** Statement -> what its plan must be: a search of this index, and no sort of what it finds. */
const hot: Record<string, RegExp> = {
  laneHeads: /^SEARCH tasks USING INDEX tasks_claimable \(class_id=\? AND tenant_id=\?\)$/,
  dueTasks: /^SEARCH tasks USING INDEX tasks_due \(due_at<\?\)$/,
  earliestDue: /^SEARCH tasks USING COVERING INDEX tasks_due$/,
  jobById: /^SEARCH jobs USING INDEX sqlite_autoindex_jobs_1 \(id=\?\)$/,
  jobBySeq: /^SEARCH jobs USING INTEGER PRIMARY KEY \(rowid=\?\)$/,
  jobBody: /^SEARCH job_bodies USING INTEGER PRIMARY KEY \(rowid=\?\)$/,
  taskById: /^SEARCH tasks USING INDEX sqlite_autoindex_tasks_1 \(id=\?\)$/,
  tasksOfJob: /^SEARCH tasks USING INDEX tasks_by_job \(job_seq=\?\)$/,
  needsOf: /^SEARCH task_needs USING PRIMARY KEY \(task_id=\?\)$/,
  liveAttemptOf: /^SEARCH attempts USING INDEX attempts_one_live \(task_id=\?\)$/,
  liveOnNode: /^SEARCH attempts USING COVERING INDEX attempts_by_node \(node_id=\? AND ended_at=\?\)$/,
  attemptById: /^SEARCH attempts USING INDEX sqlite_autoindex_attempts_1 \(id=\?\)$/,
  resultOf: /^SEARCH attempt_results USING INDEX sqlite_autoindex_attempt_results_1 \(attempt_id=\?\)$/,
  idempotent: /^SEARCH idempotency USING PRIMARY KEY \(tenant_id=\? AND key=\?\)$/,
  forgetIdempotent: /^SEARCH idempotency USING (COVERING )?INDEX idempotency_by_age \(created_at<\?\)$/,
};

test('Every hot statement is one search of the index that was made for it, without a sort', () => {
  const statements = store as unknown as Record<string, Statement<unknown>>;
  for (const [name, expected] of Object.entries(hot)) {
    const statement = statements[name];
    assert.ok(statement, `there is no statement ${name}`);
    const plan = planOf(statement);
    assert.equal(plan.length, 1, `${name}: ${plan.join(' | ')}`);
    assert.match(plan[0] ?? '', expected, name);
  }
});

test('The attempts of a job, and what depends on a task, are found by index', () => {
  for (const attempts of [store.attemptsOfJob, store.latestAttempt])
    assert.match(planOf(attempts)[0] ?? '', /^SEARCH attempts USING INDEX attempts_by_job \(job_seq=\?\)$/);
  assert.match(planOf(store.dependentsOf)[0] ?? '', /^SEARCH task_needs USING (COVERING )?INDEX task_needs_reverse/);
  assert.match(
    planOf(store.lostNodes)[0] ?? '',
    /^SEARCH attempts USING INDEX sqlite_autoindex_attempts_2 \(task_id=\?\)$/,
  );
  assert.match(
    planOf(resultsOnNode)[0] ?? '',
    /^SEARCH attempts USING INDEX attempts_by_node \(node_id=\? AND ended_at>\? AND ended_at<\?\)$/,
  );
});

test('A page of jobs walks the newest first from its cursor, by state where one is asked for, and sorts nothing', async () => {
  const pages: [JobFilter, RegExp][] = [
    [{}, /^SEARCH jobs USING INTEGER PRIMARY KEY \(rowid<\?\)$/],
    [{ queue: 'live' }, /^SEARCH jobs USING INTEGER PRIMARY KEY \(rowid<\?\)$/],
    [{ status: 'failed' }, /^SEARCH jobs USING INDEX jobs_by_state \(state=\? AND seq<\?\)$/],
  ];
  for (const [filter, expected] of pages) {
    const plan = planOf(await behind((run) => listJobs(run, 'default', filter, { before: 9, limit: 9 })));
    assert.match(plan.join(' | '), expected, JSON.stringify(filter));
  }
  for (const label of ['show', 'show=pilot']) {
    const plan = planOf(await behind((run) => listJobs(run, 'default', { label }, { before: 9, limit: 9 })));
    assert.ok(
      plan.some((line) => /job_labels USING PRIMARY KEY \(tenant_id=\? AND name=\?/.test(line)),
      plan.join(' | '),
    );
    assert.ok(
      plan.every((line) => !/SCAN|TEMP B-TREE/.test(line)),
      plan.join(' | '),
    );
  }
});

test('Events after a number and the newest event are found by their number, a file by its owner', async () => {
  const log = (run: Run) => createEventLog(run, { now: () => 0, monotonicMs: () => 0 });
  assert.deepEqual(planOf(await behind((run) => log(run).after(5, 10))), [
    'SEARCH events USING INTEGER PRIMARY KEY (rowid>?)',
  ]);
  assert.deepEqual(planOf(await behind((run) => log(run).latest())), ['SEARCH events']);
  const plan = planOf(ownedFile);
  assert.ok(
    plan.every((line) => line.startsWith('SEARCH ')),
    plan.join(' | '),
  );
});

test('At start the lanes are counted from the index of claimable tasks alone, and live attempts from theirs', () => {
  assert.deepEqual(planOf(store.readyLanes), ['SCAN tasks USING COVERING INDEX tasks_claimable']);
  assert.deepEqual(planOf(store.liveAttempts), ['SCAN attempts USING INDEX attempts_one_live']);
});

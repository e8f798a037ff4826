import assert from 'node:assert/strict';
import type { DatabaseSync } from 'node:sqlite';
import { DatabaseSync as Sqlite } from 'node:sqlite';
import { describe, test } from 'node:test';
import {
  attemptStates,
  attemptTransitions,
  isLiveAttempt,
  isTerminalJob,
  jobStates,
  jobTransitions,
  taskStates,
  taskTransitions,
} from '@ffrtmp/shared/job/state';
import { migrations } from '../../master/src/database/migrations/list.ts';

/** The schema alone, in memory: constraints need no file. */
function schema(): DatabaseSync {
  const database = new Sqlite(':memory:');
  database.exec('PRAGMA foreign_keys = ON');
  for (const { sql } of migrations) database.exec(sql);
  database.exec(`
    INSERT INTO tenants VALUES ('default', 'default', 0);
    INSERT INTO classes (id, body) VALUES (1, 'a class');`);
  return database;
}

const ended = { job: isTerminalJob, attempt: (state: (typeof attemptStates)[number]) => !isLiveAttempt(state) };
let serial = 0;

function insertJob(database: DatabaseSync, state: string, completedAt: number | null): number {
  serial += 1;
  const { lastInsertRowid } = database
    .prepare(`INSERT INTO jobs (id, tenant_id, state, queue, priority, retry_count, max_retries, quarantined, created_at, completed_at)
      VALUES (?, 'default', ?, 'default', 'medium', 0, 3, 0, 0, ?)`)
    .run(`job-${serial}`, state, completedAt);
  return Number(lastInsertRowid);
}

function insertTask(database: DatabaseSync, state: string, claimable = 0): string {
  const job = insertJob(database, 'pending', null);
  serial += 1;
  database
    .prepare(`INSERT INTO tasks (id, job_seq, position, tenant_id, kind, mode, state, required, class_id, ord, claimable, attempts, failures, losses)
      VALUES (?, ?, 0, 'default', 'transcode', 'finite', ?, 1, 1, 1, ?, 0, 0, 0)`)
    .run(`task-${serial}`, job, state, claimable);
  return `task-${serial}`;
}

function insertAttempt(
  database: DatabaseSync,
  task: string,
  number: number,
  state: string,
  endedAt: number | null,
): string {
  serial += 1;
  database
    .prepare(`INSERT INTO attempts (id, task_id, job_seq, tenant_id, number, node_id, state, leased_at, ended_at)
      VALUES (?, ?, 1, 'default', ?, 'node', ?, 0, ?)`)
    .run(`attempt-${serial}`, task, number, state, endedAt);
  return `attempt-${serial}`;
}

const refused = (work: () => unknown, what: string) => assert.throws(work, /constraint failed/, what);
const nearMisses = ['', 'Pending', 'pending ', 'done', 'cancelled', 'succeeded!', 'NULL', 'unknown'];

describe('The database agrees with the transition tables:', () => {
  test('it holds every state that is drawn and refuses every other', () => {
    const database = schema();
    for (const state of jobStates) insertJob(database, state, ended.job(state) ? 1 : null);
    for (const state of taskStates) insertTask(database, state);
    for (const state of attemptStates)
      insertAttempt(database, insertTask(database, 'active'), 1, state, ended.attempt(state) ? 1 : null);
    for (const state of nearMisses) {
      refused(() => insertJob(database, state, null), `job ${state}`);
      refused(() => insertTask(database, state), `task ${state}`);
      const task = insertTask(database, 'active');
      refused(() => insertAttempt(database, task, 1, state, null), `attempt ${state}`);
      refused(() => insertAttempt(database, task, 1, state, 1), `ended attempt ${state}`);
    }
  });

  test('it takes every legal edge of every machine', () => {
    const database = schema();
    for (const from of jobStates)
      for (const to of jobTransitions[from]) {
        const seq = insertJob(database, from, ended.job(from) ? 1 : null);
        database
          .prepare('UPDATE jobs SET state = ?, completed_at = ? WHERE seq = ?')
          .run(to, ended.job(to) ? 1 : null, seq);
      }
    for (const from of taskStates)
      for (const to of taskTransitions[from]) {
        const id = insertTask(database, from, Number(from === 'ready'));
        database.prepare('UPDATE tasks SET state = ?, claimable = ? WHERE id = ?').run(to, Number(to === 'ready'), id);
      }
    for (const from of attemptStates)
      for (const to of attemptTransitions[from]) {
        const id = insertAttempt(database, insertTask(database, 'active'), 1, from, null);
        database
          .prepare('UPDATE attempts SET state = ?, ended_at = ? WHERE id = ?')
          .run(to, ended.attempt(to) ? 1 : null, id);
      }
  });

  test('a job or an attempt has an end exactly when its state is an end', () => {
    const database = schema();
    for (const state of jobStates)
      refused(() => insertJob(database, state, ended.job(state) ? null : 1), `job ${state}`);
    for (const state of attemptStates) {
      const task = insertTask(database, 'active');
      refused(() => insertAttempt(database, task, 1, state, ended.attempt(state) ? null : 1), `attempt ${state}`);
    }
  });

  test('only a ready task can be claimed', () => {
    const database = schema();
    insertTask(database, 'ready', 1);
    for (const state of taskStates.filter((one) => one !== 'ready'))
      refused(() => insertTask(database, state, 1), state);
    refused(() => insertTask(database, 'ready', 2), 'claimable is a flag');
  });
});

test('A task has at most one live attempt, whatever the master believes', () => {
  const database = schema();
  const live = attemptStates.filter(isLiveAttempt);
  for (const first of live)
    for (const other of live) {
      const task = insertTask(database, 'active');
      insertAttempt(database, task, 1, 'lost', 1);
      const id = insertAttempt(database, task, 2, first, null);
      refused(() => insertAttempt(database, task, 3, other, null), `${first} and ${other}`);
      database.prepare("UPDATE attempts SET state = 'lost', ended_at = 1 WHERE id = ?").run(id);
      insertAttempt(database, task, 3, other, null);
    }
});

test('A task has at most one success, and no two attempts of one number', () => {
  const database = schema();
  const task = insertTask(database, 'active');
  insertAttempt(database, task, 1, 'succeeded', 1);
  refused(() => insertAttempt(database, task, 2, 'succeeded', 1), 'a second success');
  refused(() => insertAttempt(database, task, 1, 'lost', 1), 'a second attempt of number 1');
  insertAttempt(database, task, 2, 'failed', 1);
});

test('A node’s address, a key’s hash and a job’s place in its plan are each there once', () => {
  const database = schema();
  const node = "INSERT INTO nodes VALUES (?, 'default', 'here', 'n', '{}', 1, '1', 1, NULL, 0, 0, 0, NULL)";
  database.prepare(node).run('a');
  refused(() => database.prepare(node).run('b'), 'address');
  const key = "INSERT INTO keys VALUES (?, 'default', 'viewer', 'n', 'a hash', NULL, 0, NULL, NULL)";
  database.prepare(key).run('a');
  refused(() => database.prepare(key).run('b'), 'hash');
  const task = insertTask(database, 'ready');
  refused(
    () =>
      database
        .prepare(
          "INSERT INTO tasks SELECT 'copy', job_seq, position, tenant_id, kind, mode, state, required, class_id, ord, claimable, due_at, attempts, failures, losses, avoid_node_id FROM tasks WHERE id = ?",
        )
        .run(task),
    'position',
  );
});

test('Numbers of jobs and events rise and are never used again', () => {
  const database = schema();
  const first = insertJob(database, 'pending', null);
  database.prepare('DELETE FROM jobs WHERE seq = ?').run(first);
  assert.equal(insertJob(database, 'pending', null), first + 1);
});

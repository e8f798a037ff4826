import assert from 'node:assert/strict';
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
import { onBothDatabases, type Place } from './both.ts';

const onBoth = onBothDatabases();

type Sql = Place['sql'];

/** The schema with a tenant and a class, and nothing of the master's code between it and the test. */
async function schema({ open, sql }: Place): Promise<Sql> {
  await (await open()).close();
  await sql("INSERT INTO tenants (id, name, created_at) VALUES ('default', 'default', 0)");
  await sql("INSERT INTO classes (id, body) VALUES (1, 'a class')");
  return sql;
}

const ended = { job: isTerminalJob, attempt: (state: (typeof attemptStates)[number]) => !isLiveAttempt(state) };
let serial = 0;
const numeral = (value: number | null) => (value === null ? 'NULL' : String(value));

async function insertJob(sql: Sql, state: string, completedAt: number | null): Promise<number> {
  serial += 1;
  const [row] =
    await sql(`INSERT INTO jobs (id, tenant_id, state, queue, priority, retry_count, max_retries, quarantined, created_at, completed_at)
    VALUES ('job-${serial}', 'default', '${state}', 'default', 'medium', 0, 3, 0, 0, ${numeral(completedAt)}) RETURNING seq`);
  return Number(row?.seq);
}

async function insertTask(sql: Sql, state: string, claimable = 0): Promise<string> {
  const job = await insertJob(sql, 'pending', null);
  serial += 1;
  await sql(`INSERT INTO tasks (id, job_seq, position, tenant_id, kind, mode, state, required, class_id, ord, claimable, attempts, failures, losses)
    VALUES ('task-${serial}', ${job}, 0, 'default', 'transcode', 'finite', '${state}', 1, 1, 1, ${claimable}, 0, 0, 0)`);
  return `task-${serial}`;
}

async function insertAttempt(sql: Sql, task: string, number: number, state: string, endedAt: number | null) {
  serial += 1;
  await sql(`INSERT INTO attempts (id, task_id, job_seq, tenant_id, number, node_id, state, leased_at, ended_at)
    VALUES ('attempt-${serial}', '${task}', 1, 'default', ${number}, 'node', '${state}', 0, ${numeral(endedAt)})`);
  return `attempt-${serial}`;
}

/** SQLite says so in words, PostgreSQL by the class of its code: integrity constraint violation. */
const isRefusal = (error: Error & { code?: string }) =>
  /constraint failed/.test(error.message) || (error.code ?? '').startsWith('23');
const refused = (work: Promise<unknown>, what: string) => assert.rejects(work, isRefusal, what);
const nearMisses = ['', 'Pending', 'pending ', 'done', 'cancelled', 'succeeded!', 'NULL', 'unknown'];

onBoth('The database holds every state that is drawn and refuses every other', async (place) => {
  const sql = await schema(place);
  for (const state of jobStates) await insertJob(sql, state, ended.job(state) ? 1 : null);
  for (const state of taskStates) await insertTask(sql, state);
  for (const state of attemptStates)
    await insertAttempt(sql, await insertTask(sql, 'active'), 1, state, ended.attempt(state) ? 1 : null);
  for (const state of nearMisses) {
    await refused(insertJob(sql, state, null), `job ${state}`);
    await refused(insertTask(sql, state), `task ${state}`);
    const task = await insertTask(sql, 'active');
    await refused(insertAttempt(sql, task, 1, state, null), `attempt ${state}`);
    await refused(insertAttempt(sql, task, 1, state, 1), `ended attempt ${state}`);
  }
});

onBoth('The database takes every legal edge of every machine', async (place) => {
  const sql = await schema(place);
  for (const from of jobStates)
    for (const to of jobTransitions[from]) {
      const seq = await insertJob(sql, from, ended.job(from) ? 1 : null);
      const completed = numeral(ended.job(to) ? 1 : null);
      await sql(`UPDATE jobs SET state = '${to}', completed_at = ${completed} WHERE seq = ${seq}`);
    }
  for (const from of taskStates)
    for (const to of taskTransitions[from]) {
      const id = await insertTask(sql, from, Number(from === 'ready'));
      await sql(`UPDATE tasks SET state = '${to}', claimable = ${Number(to === 'ready')} WHERE id = '${id}'`);
    }
  for (const from of attemptStates)
    for (const to of attemptTransitions[from]) {
      const id = await insertAttempt(sql, await insertTask(sql, 'active'), 1, from, null);
      const endedAt = numeral(ended.attempt(to) ? 1 : null);
      await sql(`UPDATE attempts SET state = '${to}', ended_at = ${endedAt} WHERE id = '${id}'`);
    }
});

onBoth('A job or an attempt has an end exactly when its state is an end', async (place) => {
  const sql = await schema(place);
  for (const state of jobStates) await refused(insertJob(sql, state, ended.job(state) ? null : 1), `job ${state}`);
  for (const state of attemptStates) {
    const task = await insertTask(sql, 'active');
    await refused(insertAttempt(sql, task, 1, state, ended.attempt(state) ? null : 1), `attempt ${state}`);
  }
});

onBoth('Only a ready task can be claimed', async (place) => {
  const sql = await schema(place);
  await insertTask(sql, 'ready', 1);
  for (const state of taskStates.filter((one) => one !== 'ready')) await refused(insertTask(sql, state, 1), state);
  await refused(insertTask(sql, 'ready', 2), 'claimable is a flag');
});

onBoth('A task has at most one live attempt, whatever the master believes', async (place) => {
  const sql = await schema(place);
  const live = attemptStates.filter(isLiveAttempt);
  for (const first of live)
    for (const other of live) {
      const task = await insertTask(sql, 'active');
      await insertAttempt(sql, task, 1, 'lost', 1);
      const id = await insertAttempt(sql, task, 2, first, null);
      await refused(insertAttempt(sql, task, 3, other, null), `${first} and ${other}`);
      await sql(`UPDATE attempts SET state = 'lost', ended_at = 1 WHERE id = '${id}'`);
      await insertAttempt(sql, task, 3, other, null);
    }
});

onBoth('A task has at most one success, and no two attempts of one number', async (place) => {
  const sql = await schema(place);
  const task = await insertTask(sql, 'active');
  await insertAttempt(sql, task, 1, 'succeeded', 1);
  await refused(insertAttempt(sql, task, 2, 'succeeded', 1), 'a second success');
  await refused(insertAttempt(sql, task, 1, 'lost', 1), 'a second attempt of number 1');
  await insertAttempt(sql, task, 2, 'failed', 1);
});

onBoth('A node’s address, a key’s hash and a job’s place in its plan are each there once', async (place) => {
  const sql = await schema(place);
  const node = (id: string) =>
    sql(`INSERT INTO nodes (id, tenant_id, address, name, facts, slots, version, protocol, master_as_worker, draining, registered_at)
      VALUES ('${id}', 'default', 'here', 'n', '{}', 1, '1', 1, 0, 0, 0)`);
  await node('a');
  await refused(node('b'), 'address');
  const key = (id: string) =>
    sql(`INSERT INTO keys (id, tenant_id, role, name, hash, created_at)
      VALUES ('${id}', 'default', 'viewer', 'n', 'a hash', 0)`);
  await key('a');
  await refused(key('b'), 'hash');
  const task = await insertTask(sql, 'ready');
  const columns =
    'job_seq, position, tenant_id, kind, mode, state, required, class_id, ord, claimable, attempts, failures, losses';
  const copy = `INSERT INTO tasks (id, ${columns}) SELECT 'copy', ${columns} FROM tasks WHERE id = '${task}'`;
  await refused(sql(copy), 'position');
});

onBoth('Numbers of jobs and events rise and are never used again', async (place) => {
  const sql = await schema(place);
  const first = await insertJob(sql, 'pending', null);
  await sql(`DELETE FROM jobs WHERE seq = ${first}`);
  assert.equal(await insertJob(sql, 'pending', null), first + 1);
});

onBoth('What belongs to a job goes with it, and nothing belongs to a job that is not there', async (place) => {
  const sql = await schema(place);
  await sql(place.dialect === 'sqlite' ? 'PRAGMA foreign_keys = ON' : 'SELECT 1');
  const task = await insertTask(sql, 'active');
  await insertAttempt(sql, task, 1, 'leased', null);
  await sql(`INSERT INTO task_bodies (task_id, body) VALUES ('${task}', '{}')`);
  await refused(sql("INSERT INTO task_bodies (task_id, body) VALUES ('no such task', '{}')"), 'a body of nothing');
  await sql('DELETE FROM jobs');
  for (const table of ['tasks', 'task_bodies', 'attempts'])
    assert.deepEqual(
      await sql(`SELECT count(*) AS left_over FROM ${table} WHERE 1 = 1 HAVING count(*) > 0`),
      [],
      table,
    );
});

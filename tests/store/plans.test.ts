import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import pg from 'pg';
import { type Dialect, migrationSql, migrations } from '../../master/src/database/migrations/list.ts';
import { sessionUrl } from '../../master/src/database/postgres/url.ts';
import { compile, type Run, type Statement } from '../../master/src/database/statement.ts';
import { type JobFilter, listJobs } from '../../master/src/jobs/list.ts';
import { postgresOfThisFile } from '../support/postgres.ts';
import { repository } from '../support/process.ts';
import { finished, ROWS, waiting } from './million.ts';
import { type Explain, explainPostgres, explainSqlite, type Plan } from './plan.ts';

const server = postgresOfThisFile();

/** What the plan must be; a list where more than one is as good, with the reason beside it. */
type Wanted = Plan | readonly Plan[] | Readonly<Record<Dialect, Plan | readonly Plan[]>>;

/** A file has few owners: the index of its owners serves as well. */
const owned = ['file_owners(tenant_id, sha256) tenant_id= sha256=', 'file_owners_by_file sha256='];

/** Statements that run with every submit, claim, heartbeat, result, look at a job, or sweep. Inserts need no plan. */
const hot: Record<string, Wanted> = {
  aheadInLane: 'tasks_claimable class_id= tenant_id= ord<',
  artifactsOfAttempt: 'artifacts(attempt_id, role, idx) attempt_id=',
  // The sorts are of one task's, job's or node's few rows.
  artifactsOfTask: 'artifacts_by_task task_id= + sort',
  attemptById: 'attempts(id) id=',
  attemptsOfJob: 'attempts_by_job job_seq= + sort',
  countRetry: 'jobs(seq) seq=',
  deleteAttemptPower: 'attempt_power(attempt_id) attempt_id=',
  dependentsOf: 'task_needs_reverse needs_id= + tasks(id) id=',
  dueTasks: 'tasks_due due_at<',
  earliestDue: 'end of tasks_due',
  eventsAfter: 'events(seq) seq>',
  forgetIdempotent: 'idempotency_by_age created_at<',
  idempotent: 'idempotency(tenant_id, key) tenant_id= key=',
  jobBody: 'job_bodies(job_seq) job_seq=',
  jobById: 'jobs(id) id=',
  jobBySeq: 'jobs(seq) seq=',
  jobWithBody: 'job_bodies(job_seq) job_seq= + jobs(seq) seq=',
  laneHeads: 'tasks_claimable class_id= tenant_id=',
  lastAttempts: 'attempts_by_job job_seq= + sort + tasks(id) id=',
  latestAttempt: 'attempts_by_job job_seq= + sort',
  latestEvent: 'end of events(seq)',
  liveAttemptOf: 'attempts_one_live task_id=',
  liveOnNode: 'attempts_live node_id=',
  lostNodes: 'attempts(task_id, number) task_id=',
  needsOf: 'task_needs(task_id, needs_id) task_id=',
  nextLane: 'tasks_claimable class_id,tenant_id>',
  nodeByAddress: 'nodes(address) address=',
  openNeedsOf: 'task_needs(task_id, needs_id) task_id= + tasks(id) id=',
  ownedFile: [...owned, 'file_owners_by_file sha256= tenant_id='].map((plan) => `${plan} + files(sha256) sha256=`),
  powerByDay: 'node_power(node_id, period, method, scope, run) node_id= period> period< + sort',
  // PostgreSQL knows that the hours come in their order.
  powerByHour: ['', ' of ties'].map(
    (ties) => `node_power(node_id, period, method, scope, run) node_id= period> period< + sort${ties}`,
  ),
  powerOfAttempt: 'attempt_power(attempt_id) attempt_id=',
  pricesOfAttempt: 'attempt_prices(attempt_id) attempt_id=',
  queueByName: 'queues(tenant_id, name) tenant_id= name=',
  releaseTask: 'tasks(id) id=',
  resultOf: 'attempt_results(attempt_id) attempt_id=',
  // SQLite looks for the node within the index, too, and does not say so.
  resultsOnNode: ['', ' node_id='].map(
    (node) =>
      `attempt_power(attempt_id) attempt_id= + attempt_prices(attempt_id) attempt_id= + attempt_results(attempt_id) attempt_id= + attempts_ended ended_at> ended_at<${node}`,
  ),
  setHeartbeat: 'nodes(id) id=',
  setPlace: 'jobs(seq) seq=',
  setTaskClass: 'tasks(id) id=',
  taskBody: 'task_bodies(task_id) task_id=',
  taskById: 'tasks(id) id=',
  tasksOfJob: 'tasks_by_job job_seq=',
  updateAttempt: 'attempts(id) id=',
  // Both find the one row.
  updateJob: ['jobs(seq) seq=', 'jobs_by_state state= seq='],
  updateNode: 'nodes(id) id=',
  updateTask: 'tasks(id) id=',
  wasteSuccesses: 'attempts_by_job job_seq=',
};

/** What retention does in pages, beside the work. */
const retention: Record<string, Wanted> = {
  artifactsOfJob: 'artifacts(attempt_id, role, idx) attempt_id= + attempts_by_job job_seq= + sort',
  attemptIdsOf: 'attempts_by_job job_seq=',
  attemptsOfEndedJob:
    'attempt_power(attempt_id) attempt_id= + attempt_prices(attempt_id) attempt_id= + attempt_results(attempt_id) attempt_id= + attempts_by_job job_seq= + tasks(id) id=',
  bodyOfJob: 'job_bodies(job_seq) job_seq=',
  bytesOfPage: 'files(sha256) sha256>',
  deleteEvent: 'events(seq) seq=',
  deleteEventsOf: 'events_by_job job_id=',
  deleteJob: 'jobs(seq) seq=',
  deleteOwner: owned,
  deletePowerOf: 'node_power_by_age period=',
  deleteUnowned: 'file_owners_by_file sha256= + files(sha256) sha256=',
  fateOfAttempt: 'attempts(id) id= + jobs(seq) seq=',
  filesBetween: 'files(sha256) sha256> sha256<',
  forgetSamples: 'carbon_samples_by_age at<',
  forgetPruned: 'pruned_files(tenant_id, sha256) tenant_id= sha256=',
  freeName: 'files(sha256) sha256=',
  jobsThatMade: 'artifacts_by_file sha256= attempt_id> + attempts(id) id= + jobs(seq) seq=',
  labelsOfJob: 'job_labels_by_job job_seq=',
  lastJobOnInput: 'jobs_by_input tenant_id= input_sha256=',
  liveJobOnInput: 'jobs_by_input tenant_id= input_sha256= completed_at=',
  markUsed: owned,
  nodeOfJob: 'attempts_by_job job_seq= + sort',
  oldestPower: 'node_power_by_age period<',
  ownersUsedBefore: 'file_owners_by_use used_at< + files(sha256) sha256=',
  prunedBefore: 'pruned_files_by_age pruned_at<',
  prunedFile: 'pruned_files(tenant_id, sha256) tenant_id= sha256=',
  setUsed: owned,
  touchOwned: owned,
  unnamedUsedBefore: 'file_owners_unnamed used_at< + files(sha256) sha256=',
};

/** Statements that may read more than a page, and when they run. */
const cold: Record<string, string> = {
  allClasses: 'at start',
  allKeys: 'at start, and when a person lists keys',
  allNodes: 'at start',
  allQueues: 'at start',
  databaseSize: 'at a scrape of /metrics, of no table',
  deleteNode: 'when a person removes a node',
  endedAttempts: 'when daily sums are shown or made, over the days that are asked for',
  endedJobs: 'when daily sums are shown or made, over the days that are asked for',
  eventsOfNoJob: 'when old events of nodes and keys are pruned, over those alone',
  jobCounts: 'at start, on its index alone',
  keyById: 'when a person revokes a key',
  jobsEndedBefore:
    'when retention wants a page; PostgreSQL may look at all jobs for it where none had ended when it was analysed',
  lastNumber: 'with every insert of numbered rows, on no table at all',
  liveAttempts: 'at start, on an index of live attempts',
  liveByClass: 'at start, on an index of live attempts',
  powerOfLive: 'at start, on an index of live attempts',
  prunedJobsByState: 'at start, over the days that are kept',
  prunedJobs: 'when sums are shown, over the days that are kept',
  profilesOf: 'when a person looks at the history of a node',
  readyLanes: 'at start, on the index of claimable tasks',
  revokeKey: 'when a person revokes a key',
  revokeNodeKeys: 'when a person removes a node',
  samplesSince: 'at start, over two weeks of one zone',
  setDraining: 'when a person drains a node',
  storedAttempts: 'when sums are shown, over the days that are asked for',
  storedFigures: 'when sums are shown, over the days that are asked for',
  storedJobs: 'when sums are shown, over the days that are asked for',
  storedTotals: 'when sums are shown, over the days that are asked for',
  storedNodeAttempts: 'when the energy of a node is shown, over the days that are asked for',
  storedNodeEnergy: 'when the energy of a node is shown, over the days that are asked for',
  tenantWeights: 'at start',
};

/** Every statement of the master by name, and the names of those that are hidden in their file. */
async function statementsOfTheMaster() {
  const statements = new Map<string, Statement<unknown>>();
  const hidden: string[] = [];
  for (const file of globSync(join(repository, 'master/src/*/*.ts')).filter((path) => !path.endsWith('.test.ts'))) {
    const names = [...readFileSync(file, 'utf8').matchAll(/^(?:export )?const (\w+) = statement\(/gm)];
    if (names.length === 0) continue;
    const module = (await import(file)) as Record<string, Statement<unknown> | undefined>;
    for (const [, name = ''] of names) {
      const found = module[name];
      if (found) statements.set(name, found);
      else hidden.push(`${file}: ${name}`);
    }
  }
  return { statements, hidden };
}
const { statements, hidden } = await statementsOfTheMaster();
const isInsert = (statement: Statement<unknown>) => compile(statement, 'sqlite').sql.startsWith('insert');

test('Every statement of the master can be looked at, and is known to be hot or not', () => {
  assert.deepEqual(hidden, [], 'export them, so that their plans can be looked at');
  const known = [hot, retention, cold].flatMap(Object.keys).sort();
  const found = [...statements].filter(([, statement]) => !isInsert(statement)).map(([name]) => name);
  assert.deepEqual(found.sort(), known, 'each belongs into `hot` with its plan, or into `cold` with its reason');
});

test('What differs between the databases: a claim passes over rows that another master is about to take', () => {
  const laneHeads = statements.get('laneHeads');
  assert.ok(laneHeads);
  assert.match(compile(laneHeads, 'postgres').sql, /limit \$\d+ for update skip locked$/);
  assert.match(compile(laneHeads, 'sqlite').sql, /limit \? \+ 0$/);
});

const byState: Wanted = {
  // Once analysed, which the master never asks for, SQLite walks all jobs where it has seen but one or two states.
  sqlite: ['jobs_by_state state= seq<', 'jobs(seq) seq<'],
  postgres: 'jobs_by_state state> state,seq<',
};
const label = 'job_labels(tenant_id, name, job_seq)';
const byLabel: Wanted = {
  sqlite: `${label} tenant_id= name= job_seq< + jobs(seq) seq=`,
  // Both ways to the one job of a label are as good.
  postgres: ['jobs(seq) seq=', 'jobs_by_state state= seq='].map(
    (job) => `${label} tenant_id,name,job_seq< tenant_id,name> + ${job}`,
  ),
};
/** Page of jobs -> its plan: the newest first from a cursor, by state where one is asked for, never sorted. */
const pages: [JobFilter, Wanted][] = [
  [{}, 'jobs(seq) seq<'],
  [{ queue: 'live' }, 'jobs(seq) seq<'],
  [{ status: 'failed' }, byState],
  [{ status: 'failed', queue: 'live' }, byState],
  [{ label: 'show' }, byLabel],
  [{ label: 'show=pilot' }, byLabel],
  [{ label: 'show=pilot', status: 'failed' }, byLabel],
];

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

async function looks(): Promise<[string, Statement<unknown>, Wanted][]> {
  const page = (filter: JobFilter) => behind((run) => listJobs(run, 'default', filter, { before: 9, limit: 9 }));
  const own = Object.entries({ ...hot, ...retention }).map(
    ([name, wanted]) => [name, statements.get(name), wanted] as const,
  );
  const listed = await Promise.all(
    pages.map(async ([filter, wanted]) => [`jobs ${JSON.stringify(filter)}`, await page(filter), wanted] as const),
  );
  return [...own, ...listed].flatMap(([name, statement, wanted]) => (statement ? [[name, statement, wanted]] : []));
}

const isPerDialect = (wanted: Wanted): wanted is Readonly<Record<Dialect, Plan | readonly Plan[]>> =>
  typeof wanted === 'object' && 'sqlite' in wanted;

async function faultsOf(explain: Explain, dialect: Dialect, when: string): Promise<string[]> {
  const faults: string[] = [];
  for (const [name, statement, wanted] of await looks()) {
    const plans = [isPerDialect(wanted) ? wanted[dialect] : wanted].flat();
    const plan = await explain(statement);
    if (!plans.includes(plan)) faults.push(`${dialect}, ${when}: ${name}: ${plan}`);
  }
  return faults;
}

const indexesWithNames =
  "SELECT indexname AS name, indexdef AS made FROM pg_indexes WHERE schemaname = 'public' AND indexname !~ '_(pkey|key)$'";

test(`Every hot statement reads by its index and sorts no more than a page, up to ${ROWS} rows, mostly finished, with and without statistics`, async (t) => {
  const sqlite = new DatabaseSync(':memory:');
  const client = new pg.Client({ connectionString: sessionUrl(await server.database()) });
  t.after(() => sqlite.close());
  t.after(() => client.end());
  await client.connect();
  // Filling is no matter of the store's limits, and of rows that are right by construction no key has to be looked up.
  await client.query("SET statement_timeout = 0; SET session_replication_role = 'replica'");
  sqlite.exec('PRAGMA foreign_keys = OFF');
  for (const step of migrations) {
    sqlite.exec(migrationSql(step, 'sqlite'));
    await client.query(migrationSql(step, 'postgres'));
  }
  /** The server works while this process is busy with SQLite; it is quicker to make its indexes again than to keep them. */
  async function onBoth(steps: readonly string[]): Promise<void> {
    const { rows: indexes } = await client.query<{ name: string; made: string }>(indexesWithNames);
    const away = steps.length > 1 ? indexes : [];
    const all = [...away.map(({ name }) => `DROP INDEX ${name}`), ...steps, ...away.map(({ made }) => made)];
    const there = client.query(all.join(';'));
    await new Promise((resolve) => setImmediate(resolve));
    sqlite.exec(steps.join(';'));
    await there;
  }
  const faults: string[] = [];
  for (const [when, steps] of [
    ['all waiting', waiting],
    ['all waiting, analysed', ['ANALYZE']],
    ['mostly finished, statistics of before', finished],
    ['mostly finished, analysed', ['ANALYZE']],
  ] as const) {
    await onBoth(steps);
    faults.push(...(await faultsOf(explainSqlite(sqlite), 'sqlite', when)));
    faults.push(...(await faultsOf(await explainPostgres(client), 'postgres', when)));
  }
  assert.deepEqual(faults, []);
});

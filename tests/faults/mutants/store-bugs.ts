import { type Bug, edit, overArrays, overSqlite, simulation, tests } from './bug.ts';

const jobs = (name: string) => `master/src/jobs/${name}.ts`;
const COMMIT = 'master/src/database/commit.ts';

/** What is written, when it is said to be, and what follows from it. */
export const storeBugs: readonly Bug[] = [
  {
    name: 'the reply leaves before the commit',
    edits: [
      edit(
        COMMIT,
        'for (const { mutation } of group) values.push(await mutation(tx));',
        'for (const { mutation, resolve } of group) {\n      values.push(await mutation(tx));\n      resolve(values.at(-1));\n    }',
      ),
    ],
    look: simulation(25),
    says: '^I2: .* was acknowledged and does not exist',
    everyChange: true,
  },
  {
    name: 'commits are synced at checkpoints alone (NORMAL for FULL)',
    edits: [edit('master/src/database/sqlite.ts', 'synchronous = FULL', 'synchronous = NORMAL')],
    look: tests('tests/store/synced.test.ts', 'What is acknowledged was synced to the disk before'),
    says: 'not ok .* synced to the disk',
    everyChange: true,
  },
  {
    name: 'memory changes before the commit',
    edits: [
      edit(COMMIT, 'return () => apply(effects, nextTurn);', 'apply(effects, nextTurn);\n    return () => undefined;'),
    ],
    look: simulation(25),
    says: '^(I16|internal)',
  },
  {
    name: 'an idempotency key is forgotten',
    edits: [edit(jobs('submit'), 'await tx.run(insertIdempotent, values);', 'void values;')],
    look: simulation(1),
    says: '^I15',
    everyChange: true,
  },
  {
    name: 'another body under the same idempotency key is taken',
    edits: [edit(jobs('submit'), 'if (found.body_hash !== bodyHash) {', "if (found.body_hash === '') {")],
    look: simulation(1),
    says: '^I15',
  },
  {
    name: 'the counter of a lane leaks',
    edits: [edit(jobs('transition'), 'if (claimable !== task.claimable) {', 'if (claimable > task.claimable) {')],
    look: overSqlite(),
    says: 'I16',
    everyChange: true,
  },
  {
    name: 'a cancel leaves the attempt',
    edits: [
      edit(
        jobs('cancel'),
        "if (task.state === 'active') await endLiveAttempt(parts, tx, job, task, 'cancel');",
        'void endLiveAttempt;',
      ),
    ],
    look: simulation(29),
    says: '^I5: .* is canceled with 1 live attempts',
    everyChange: true,
  },
  {
    name: 'a canceled attempt keeps its lease and its agent is not told',
    edits: [
      edit(
        jobs('end-attempts'),
        'tx.afterCommit(() => parts.onAttemptEnded({ id: attempt.id, nodeId: attempt.node_id }, order));',
        '',
      ),
    ],
    look: simulation(1),
    says: '^I6: .* was renewed .* after its end',
  },
  {
    name: 'a resumed job forgets its not_before',
    edits: [
      edit(
        jobs('settle'),
        'job.not_before !== null && job.not_before > parts.clock.now() ? job.not_before : null',
        'job.not_before !== null && job.not_before < 0 && parts.clock.now() > 0 ? job.not_before : null',
      ),
    ],
    look: simulation(34),
    says: '^I22',
  },
  {
    name: 'what waits for a task that succeeded is not unblocked',
    edits: [
      edit(
        jobs('settle'),
        "if (open.length === 0) await parts.transitions.task(tx, dependent, 'ready', { jobId, reason: 'its needs are met' });",
        "if (open.length > 0) await parts.transitions.task(tx, dependent, 'ready', { jobId });",
      ),
    ],
    look: simulation(1),
    says: '^P2',
  },
  {
    name: 'a log takes the same bytes twice',
    edits: [edit(jobs('logs'), 'bytes.subarray(size - offset)', 'bytes.subarray(0)')],
    look: simulation(3),
    says: '^I17',
  },
  {
    name: 'the same result again is refused',
    edits: [
      edit(jobs('finish'), 'const repeated = stored?.digest === digest;', "const repeated = stored?.digest === '';"),
    ],
    look: tests(
      'tests/contract/results.test.ts',
      'A result ends its attempt, task and job; the same again is 200 and changes nothing',
    ),
    says: 'not ok .* the same again is 200',
  },
  {
    name: 'a job is retried once too often',
    edits: [
      edit('shared/src/job/retry.ts', 'facts.retryCount >= facts.maxRetries', 'facts.retryCount > facts.maxRetries'),
    ],
    look: overArrays(),
    says: 'I1, I8: states of the jobs',
  },
];

import { type Bug, edit, overSqlite, simulation, tests } from './bug.ts';

const dispatch = (name: string) => `master/src/dispatch/${name}.ts`;
const agent = (name: string) => `worker/src/agent/${name}.ts`;

/** Leases, fences and what agents are told. */
export const leaseBugs: readonly Bug[] = [
  {
    name: 'the result of an attempt that was taken back counts (no fence check)',
    edits: [
      edit(
        'master/src/jobs/finish.ts',
        'if (!isLiveAttempt(attempt.state)) {',
        "if (!isLiveAttempt(attempt.state) && attempt.state !== 'lost') {",
      ),
      edit(
        'master/src/jobs/transition.ts',
        "if (!isLegal(attemptTransitions, attempt.state, to)) throw illegal('attempt', attempt.state, to);",
        '',
      ),
    ],
    look: simulation(68),
    says: '^I6: attempt 1 .* after attempt 2 had begun',
    everyChange: true,
  },
  {
    name: 'progress and logs are taken under any token',
    edits: [
      edit(
        dispatch('heartbeat'),
        "if (!parts.tokens.matches(call.attemptId, call.token)) throw staleAttempt('the lease token is wrong');",
        '',
      ),
    ],
    look: tests(
      'tests/contract/results.test.ts',
      'A wrong lease token changes nothing, on every call that carries one',
    ),
    says: 'not ok .* A wrong lease token changes nothing',
  },
  {
    name: 'the sweep ignores renewals',
    edits: [edit(dispatch('leases'), 'if (lease) lease.expiresAtMs = deadline();', '')],
    look: simulation(3),
    says: '^(I9|P5b)',
    everyChange: true,
  },
  {
    name: 'a renewal between the sweep’s look and its commit is ignored',
    edits: [
      edit('master/src/recovery/sweep.ts', 'if (lease.expiresAtMs > parts.jobs.clock.monotonicMs()) continue;', ''),
    ],
    look: tests(
      'tests/contract/recovery.test.ts',
      'A renewal that comes before the sweep’s commit is a renewal: who was told so keeps the work',
    ),
    says: 'not ok .* who was told so keeps the work',
  },
  {
    name: 'the sweep takes nothing back',
    edits: [
      edit(dispatch('leases'), '(lease) => lease.expiresAtMs <= now)', '(lease) => lease.expiresAtMs <= now - 60_000)'),
    ],
    look: simulation(27),
    says: '^I9',
  },
  {
    name: 'leases of a lost reply are not released',
    edits: [edit(dispatch('claim'), 'if (unknown.length === 0) return;', 'if (unknown.length >= 0) return;')],
    look: simulation(28),
    says: '^P5: .* whose agent does not know of it',
    everyChange: true,
  },
  {
    name: 'a claim that is read late takes back what a later one was given',
    edits: [edit(dispatch('claim'), 'lease.claimId === null || lease.claimId < claimId', 'lease.claimId !== claimId')],
    look: tests(
      'tests/contract/claims.test.ts',
      'A claim that is read after a later one takes nothing away that the later one was given',
    ),
    says: 'not ok .* takes nothing away',
  },
  {
    name: 'a restart does not restore the leases',
    edits: [
      edit(
        'master/src/core.ts',
        'if (job && task) parts.leases.grant(leaseOf(attempt, job, task.kind));',
        'if (!job || !task) break;',
      ),
    ],
    look: tests(
      'tests/contract/recovery.test.ts',
      'A restarted master knows every job, gives live attempts a whole lease again and refuses no agent of before',
    ),
    says: 'not ok .* refuses no agent of before',
    everyChange: true,
  },
  {
    name: 'an agent with a stale lease is never told',
    edits: [
      edit(
        dispatch('heartbeat'),
        "if (!known) parts.orders.give(nodeId, { kind: 'drop', attempt_id: one.attempt_id });",
        '',
      ),
    ],
    look: simulation(16),
    says: '^P4',
  },
  {
    name: 'the agent publishes while it is fenced',
    edits: [
      edit(
        agent('attempt'),
        "await held.lease.trusted(held.signal);\n  held.state = 'publishing';",
        "held.state = 'publishing';",
      ),
    ],
    look: simulation(2),
    says: '^fence:',
    everyChange: true,
  },
  {
    name: 'the agent counts a renewal from the reply and not from the call',
    edits: [edit(agent('heartbeat'), 'renewed(startedMs)', 'renewed(parts.clock.monotonicMs())')],
    look: tests(
      'worker/src/agent/heartbeat.test.ts',
      'A renewal counts from the start of its call, however late the reply comes',
    ),
    says: 'not ok .* however late the reply comes',
  },
  {
    name: 'the agent goes on with an attempt that it was told to drop',
    edits: [edit(agent('held'), 'held.get(order.attempt_id)?.end(causes[order.kind]);', 'void causes;')],
    look: simulation(3),
    says: '^P4',
  },
  {
    name: 'the agent gives its result up when the reply is lost',
    edits: [edit(agent('result'), 'await delay(parts.timers, pauseMs * (0.5 + parts.random()));', 'return;')],
    look: simulation(22),
    says: '^P5b',
  },
  {
    name: 'the node that failed or lost a task gets it again',
    edits: [
      edit(dispatch('take'), 'if (task.avoid_node_id !== node.row.id) return true;', 'if (task.ord > 0) return true;'),
    ],
    look: overSqlite(),
    says: 'I11, I12',
    everyChange: true,
  },
  {
    name: 'a job that kills its agents is tried once too often',
    edits: [edit('shared/src/job/retry.ts', 'facts.losses >= MAX_LOSSES', 'facts.losses > MAX_LOSSES')],
    look: tests('tests/contract/recovery.test.ts', 'A job lost 5 times on one node is quarantined too'),
    says: 'not ok .* is quarantined too',
  },
];

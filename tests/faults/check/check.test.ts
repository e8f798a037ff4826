import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judge } from './check.ts';
import { eventsOf, FIRST, LOST_AT, longId, SECOND, type SoundHistory, soundHistory } from './sound.ts';

/** How to break a sound history, what the checker has to say about it, and under which invariant. */
const planted: [sentence: string, plant: (history: SoundHistory) => void, finding: RegExp][] = [
  [
    'a job in an unknown state',
    (h) => edit(h.jobs, 'j2', { state: 'limbo' }),
    /^I1: 3 jobs, but the states add up to 2/,
  ],
  ['a job accepted twice', (h) => say(h, 'job j1 - pending'), /^I1: job j1 was accepted 2 times/],
  ['a lost submit', (h) => h.journal.push({ kind: 'submitted', at: 0, jobId: 'j9', key: 'k' }), /^I2: job j9 \(k\)/],
  ['a job under another name', (h) => h.names.set('j1', 'else'), /^I2: job j1 was acknowledged as one and is else/],
  ['a job nobody knows', (h) => (h.options = { ...h.options, journalIsWhole: true }), /^I2: job j3 exists and nobody/],
  ['a completion taken back', (h) => edit(h.attempts, SECOND, { state: 'lost' }), /^I3: the completion of attempt 2/],
  ['a task that went back', (h) => edit(h.tasks, 't1', { state: 'ready' }), /^I3: the completion of task t1/],
  [
    'another digest',
    (h) => edit(h.artifacts, SECOND, { sha256: 'e' }),
    /^I3: .* accepted with "output\/0:f" and holds/,
  ],
  ['two completions', (h) => say(h, 'job j1 - completed'), /^I4: job j1 completed 2 times/],
  ['two successes', (h) => edit(h.attempts, FIRST, { state: 'succeeded' }), /^I4: task t1 has 2 successful attempts/],
  [
    'two completions of a task that were both accepted',
    (h) => h.journal.push({ kind: 'completed', at: 1, jobId: 'j1', attemptId: FIRST, digest: '' }),
    /^I4: the completions .* of task t1 were both accepted/,
  ],
  ['a round behind nothing', (h) => edit(h.tasks, 't1', { round: 2 }), /^I4: job j1 is in round 2 after 0 failed/],
  [
    'a round that lives on behind the next',
    (h) => h.tasks.push({ ...(h.tasks[1] as (typeof h.tasks)[0]), id: 't4', round: 2 }),
    /^I4: task t2 of round 1 is ready, and job j2 is in 2/,
  ],
  [
    'waste that is published',
    (h) => edit(h.attempts, SECOND, { cause: 'below_quality' }),
    /^I4: attempt 2.* of job j1 counts as below_quality/,
  ],
  ['a second lease', (h) => (h.events = h.events.filter((e) => e.to_state !== 'lost')), /^I5: .* while .* was live/],
  ['a gap of numbers', (h) => edit(h.attempts, SECOND, { number: 3 }), /^I5: attempt 3 of task t1 stands at place 2/],
  ['a wrong count', (h) => edit(h.tasks, 't1', { attempts: 3 }), /^I5: task t1 counts 3 attempts and has 2/],
  ['a live attempt too many', (h) => edit(h.attempts, FIRST, { state: 'running' }), /^I5: .* with 1 live attempts/],
  ['a claim that is not there', (h) => edit(h.attempts, FIRST, { node_id: 'c' }), /^I5: attempt 1.* is not so/],
  ['a late write', (h) => say(h, `attempt ${FIRST} lost succeeded`), /^I6: attempt 1 of task t1 went to succeeded/],
  [
    'a stale attempt that is accepted',
    (h) => h.journal.push({ kind: 'completed', at: 1, jobId: 'j1', attemptId: FIRST, digest: '' }),
    /^I6: .* was refused as stale and accepted later/,
  ],
  ['a lost loss', (h) => edit(h.tasks, 't1', { losses: 0 }), /^I7: task t1 counts 0 losses and has 1/],
  ['too many failures', (h) => fail(h, 5), /^I7: task t2 failed 5 times with 3 retries/],
  ['a task lost for ever', (h) => lose(h, 5), /^I7: task t2 used up its losses and is ready/],
  ['a job lost for ever', (h) => lose(h, 5), /^I7: job j2 was lost too often and is not quarantined/],
  ['a silent failure', (h) => edit(h.jobs, 'j2', { state: 'failed' }), /^I7: job j2 failed without a word/],
  ['an edge that is not drawn', (h) => say(h, 'task t1 succeeded ready'), /^I8: task t1 went from succeeded to ready/],
  ['a broken chain', (h) => say(h, 'task t1 active succeeded'), /^I8: task t1 left active, but it was succeeded/],
  ['an end that nobody reopened', (h) => say(h, 'job j3 canceled pending'), /^I8: job j3 left canceled without being/],
  ['a state without an event', (h) => edit(h.jobs, 'j2', { state: 'running' }), /^I8: job j2 is running, but the log/],
  [
    'a job without an event',
    (h) => (h.events = h.events.filter((e) => e.job_id !== 'j2')),
    /^I8: job j2 exists without/,
  ],
  ['a birth in mid-life', (h) => say(h, 'task t9 active ready'), /^I8: task t9 was first seen leaving active/],
  ['a job done and not done', (h) => edit(h.tasks, 't2', { state: 'succeeded' }), /^I8: all tasks of job j2 succeeded/],
  [
    'a lease kept too long',
    (h) => edit(h.attempts, FIRST, { ended_at: LOST_AT + 2000 }),
    /^I9: .* taken back 499 ms too/,
  ],
  ['a lease cut short', (h) => edit(h.attempts, FIRST, { ended_at: 7000 }), /^I9: .* 999 ms before its lease ran out/],
  ['a full node', (h) => h.slots.set('a', 0), /^I10: node a held 1 attempts and can hold 0/],
  ['two jobs of a key', (h) => h.names.set('j2', 'one'), /^I15: the key one made 2 jobs/],
  [
    'two bodies of a key',
    (h) => {
      for (const body of ['x', 'y']) h.journal.push({ kind: 'submitted', at: 0, jobId: 'j1', key: 'one', body });
    },
    /^I15: the key one was accepted with 2 different bodies/,
  ],
  ['a wrong lane', (h) => edit(h.tasks, 't2', { claimable: 0 }), /^I16: lane 1\/default counts 1 .* and 0 in its rows/],
  ['a hole in a log', (h) => h.disk.logs.set(FIRST, 'hello'), /^I17: the log of attempt 1.* at 6/],
  ['a mixed log', (h) => h.disk.logs.set(SECOND, `x ${FIRST}`), /^I17: the log of attempt 2.* speaks of 1/],
  ['a corrupt page', (h) => h.integrity.push('row 1 missing from index'), /^I19: SQLite says: row 1/],
  ['a log without end', (h) => (h.disk.walBytes = 1 << 30), /^I19: the write-ahead log has 1073741824 bytes/],
  [
    'an unearned output',
    (h) => edit(h.artifacts, SECOND, { attempt_id: FIRST }),
    /^I21: output of attempt 1.* is published/,
  ],
  ['absent bytes', (h) => h.disk.files.clear(), /^I21: the bytes of output of attempt 2.* are not in the library/],
  ['a temporary file', (h) => h.disk.left.push('uploads/x'), /^I21: uploads\/x was left behind/],
  ['a start before its time', (h) => edit(h.jobs, 'j1', { not_before: 2000 }), /^I22: .* started 1000 ms before/],
  [
    'a start after a cancel',
    (h) => {
      const begun = h.events.find((one) => one.attempt_id === SECOND);
      if (begun) begun.job_id = 'j3';
    },
    /^I22: attempt 2.* started after its job j3 had been canceled/,
  ],
  [
    'a cancel without effect',
    (h) => h.journal.push({ kind: 'canceled', at: 1, jobId: 'j2' }),
    /^I22: job j2 was canceled/,
  ],
];

/** Changes a row by its id, or an artifact by its attempt's. */
function edit<Row extends object>(rows: Row[], id: string, fields: Partial<Row>): void {
  const at = rows.findIndex((row) => {
    const { id: own, attempt_id: attempt } = row as { id?: string; attempt_id?: string };
    return own === id || (own === undefined && attempt === id);
  });
  rows[at] = { ...rows[at], ...fields } as Row;
}

function say(history: SoundHistory, line: string): void {
  const [event] = eventsOf([line]);
  if (event) history.events.push({ ...event, seq: history.events.length + 1 });
}

function attemptsOfSecond(history: SoundHistory, count: number, state: string): void {
  for (let number = 1; number <= count; number += 1) {
    const id = longId(`${number + 2}`);
    const times = { leased_at: 0, ended_at: 20_000 };
    const facts = { cause: null, failure_class: null, error: 'no longer knows', ...times };
    history.attempts.push({ id, task_id: 't2', job_seq: 2, number, node_id: 'a', state, ...facts });
  }
  edit(history.tasks, 't2', { attempts: count });
}

const fail = (history: SoundHistory, count: number) => attemptsOfSecond(history, count, 'failed');

function lose(history: SoundHistory, count: number): void {
  attemptsOfSecond(history, count, 'lost');
  edit(history.tasks, 't2', { losses: count });
}

test('The checker has nothing to say about a history in which everything holds', () => {
  assert.deepEqual(judge(soundHistory()), []);
});

test('Each invariant notices its planted violation and says which', async (t) => {
  for (const [sentence, plant, finding] of planted) {
    await t.test(sentence, () => {
      const history = soundHistory();
      plant(history);
      const said = judge(history);
      assert.ok(
        said.some((line) => finding.test(line)),
        `${finding} is not among:\n${said.join('\n')}`,
      );
    });
  }
});

test('Every invariant the checker knows has a planted violation', () => {
  const named = new Set(planted.map(([, , finding]) => /I\d+/.exec(finding.source)?.[0]));
  const known = ['I1', 'I2', 'I3', 'I4', 'I5', 'I6', 'I7', 'I8', 'I9', 'I10', 'I15', 'I16', 'I17', 'I19', 'I21', 'I22'];
  assert.deepEqual([...named].sort(), known.sort());
});

test('A restart of the master and a standstill give leases the time they take', () => {
  const history = soundHistory();
  edit(history.attempts, FIRST, { ended_at: 14_000 });
  assert.match(judge(history).join(), /too late/);
  history.options = { ...history.options, readyAt: [8000] };
  assert.deepEqual(judge(history), []);
  history.options = { ...history.options, readyAt: [], stoodStill: [{ from: 7000, until: 13_500 }] };
  assert.deepEqual(judge(history), []);
  // The second begins when the lease had run out, but not the time to take it back after the first.
  const twice = [
    { from: 9500, until: 13_800 },
    { from: 7000, until: 9400 },
  ];
  history.options = { ...history.options, stoodStill: twice };
  assert.deepEqual(judge(history), []);
  history.options = { ...history.options, stoodStill: twice.slice(1) };
  assert.match(judge(history).join(), /too late/);
});

test('A sign of life that could not be stored puts off the end of a lease, and allows no earlier one', () => {
  const history = soundHistory();
  edit(history.attempts, FIRST, { ended_at: 14_000 });
  history.journal.push({ kind: 'heard', at: 9000, attemptId: FIRST });
  assert.deepEqual(judge(history), []);
});

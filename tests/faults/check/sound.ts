import type { AttemptFact, EventFact, Evidence, JobFact, TaskFact } from './evidence.ts';

/** A short history in which everything holds, for tests to break: its parts may be changed freely. */
export interface SoundHistory extends Evidence {
  jobs: JobFact[];
  tasks: TaskFact[];
  attempts: AttemptFact[];
  artifacts: Evidence['artifacts'][number][];
  events: EventFact[];
  names: Map<string, string>;
  slots: Map<string, number>;
  integrity: string[];
  journal: Evidence['journal'][number][];
  disk: { walBytes: number; logs: Map<string, string>; files: Map<string, number>; left: string[] };
}

export const LEASE_MS = 5000;
/** The lost attempt was leased at 1 s and renewed at 3 s; it was taken back at 8.5 s. */
export const LOST_AT = 8500;
export const longId = (digit: string) => `${digit.repeat(8)}-0000-4000-8000-000000000000`;
export const [FIRST, SECOND] = [longId('1'), longId('2')];

const job = (seq: number, id: string, state: string): JobFact => ({
  ...{ seq, id, state, max_retries: 3, not_before: null, quarantined: 0, error: null, created_at: 0 },
  completed_at: state === 'pending' ? null : 9000,
});
const task = (id: string, seq: number, state: string, attempts: number, losses: number): TaskFact => ({
  ...{
    id,
    job_seq: seq,
    kind: 'transcode',
    round: 1,
    state,
    required: 1,
    class_id: 1,
    tenant_id: 'default',
    attempts,
    failures: 0,
    losses,
  },
  claimable: Number(state === 'ready'),
});
const attempt = (id: string, number: number, node: string, state: string, from: number, to: number): AttemptFact => ({
  ...{ id, task_id: 't1', job_seq: 1, number, node_id: node, state, cause: null, failure_class: null, error: null },
  ...{ leased_at: from, ended_at: to },
});

/** `kind entity from to at`, with `-` for nothing; a job's and a task's events belong to job 1 unless they name another. */
function event(seq: number, line: string): EventFact {
  const [kind = '', id = '', from = '-', to = '-', at = '0'] = line.split(' ');
  const ofFirst = kind !== 'job';
  return {
    seq,
    kind,
    job_id: ofFirst ? 'j1' : id,
    task_id: kind === 'task' ? id : kind === 'attempt' ? 't1' : null,
    attempt_id: kind === 'attempt' ? id : null,
    from_state: from === '-' ? null : from,
    to_state: to === '-' ? null : to,
    reason: null,
    at: Number(at),
  };
}

export const eventsOf = (lines: readonly string[]): EventFact[] => lines.map((line, index) => event(index + 1, line));

const story = [
  'job j1 - pending 0',
  'job j2 - pending 1',
  'job j3 - pending 2',
  'task t1 ready active 1000',
  `attempt ${FIRST} - leased 1000`,
  'job j1 pending running 1000',
  `attempt ${FIRST} leased running 1100`,
  'job j3 pending canceled 2000',
  `attempt ${FIRST} running lost ${LOST_AT}`,
  `task t1 active ready ${LOST_AT}`,
  `job j1 running pending ${LOST_AT}`,
  'task t1 ready active 8600',
  `attempt ${SECOND} - leased 8600`,
  'job j1 pending running 8600',
  `attempt ${SECOND} leased running 8700`,
  `attempt ${SECOND} running succeeded 9000`,
  'task t1 active succeeded 9000',
  'job j1 running completed 9000',
];

export function soundHistory(): SoundHistory {
  return {
    jobs: [job(1, 'j1', 'completed'), job(2, 'j2', 'pending'), job(3, 'j3', 'canceled')],
    names: new Map([
      ['j1', 'one'],
      ['j2', 'two'],
    ]),
    tasks: [task('t1', 1, 'succeeded', 2, 1), task('t2', 2, 'ready', 0, 0), task('t3', 3, 'canceled', 0, 0)],
    attempts: [attempt(FIRST, 1, 'a', 'lost', 1000, LOST_AT), attempt(SECOND, 2, 'b', 'succeeded', 8600, 9000)],
    artifacts: [{ attempt_id: SECOND, task_id: 't1', role: 'output', idx: 0, sha256: 'f', bytes: 7 }],
    events: eventsOf(story),
    slots: new Map([
      ['a', 1],
      ['b', 1],
    ]),
    integrity: [],
    journal: [
      { kind: 'submitted', at: 0, jobId: 'j1', key: 'one' },
      { kind: 'submitted', at: 1, jobId: 'j2', key: 'two' },
      { kind: 'canceled', at: 2001, jobId: 'j3' },
      { kind: 'claimed', at: 1001, sentAt: 999, jobId: 'j1', taskId: 't1', attemptId: FIRST, number: 1, nodeId: 'a' },
      { kind: 'logged', at: 1200, attemptId: FIRST, offset: 6, text: 'world' },
      { kind: 'renewed', at: 3001, sentAt: 2999, attemptId: FIRST },
      { kind: 'stale', at: LOST_AT, attemptId: FIRST },
      { kind: 'claimed', at: 8601, sentAt: 8599, jobId: 'j1', taskId: 't1', attemptId: SECOND, number: 2, nodeId: 'b' },
      { kind: 'completed', at: 9001, jobId: 'j1', attemptId: SECOND, digest: 'output/0:f' },
    ],
    disk: {
      walBytes: 1000,
      logs: new Map([[FIRST, `hello world of ${FIRST}`]]),
      files: new Map([['f', 7]]),
      left: [],
    },
    options: { leaseMs: LEASE_MS, lanes: [{ classId: 1, tenantId: 'default', ready: 1 }], swept: true },
  };
}

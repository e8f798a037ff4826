import type { EventFact, Evidence } from './evidence.ts';
import { BY_REQUEST, terminalJobStates } from './jobs.ts';

/** The machines once more, from docs/reference/states.md and not from the code: `from` -> where it may go. */
const legal: Record<string, Record<string, string>> = {
  job: {
    pending: 'running paused completed failed canceled',
    running: 'pending paused completed failed canceled',
    paused: 'pending running completed failed canceled',
    completed: '',
    failed: 'pending',
    canceled: 'pending',
  },
  task: {
    blocked: 'ready paused skipped canceled',
    ready: 'active paused failed skipped canceled',
    active: 'ready paused succeeded failed canceled',
    paused: 'ready blocked canceled',
    succeeded: '',
    failed: 'ready blocked',
    canceled: 'ready blocked',
    skipped: 'blocked',
  },
  attempt: {
    leased: 'running publishing succeeded failed lost canceled',
    running: 'publishing succeeded failed lost canceled',
    publishing: 'succeeded failed lost canceled',
    succeeded: '',
    failed: '',
    lost: '',
    canceled: '',
  },
};
/** What an entity may be in when the log first speaks of it. Tasks are born without an event. */
const born: Record<string, readonly (string | null)[]> = {
  job: [null],
  task: ['blocked', 'ready'],
  attempt: [null],
};
const terminalTasks = new Set(['failed', 'canceled', 'skipped', 'succeeded']);

const idOf = (event: EventFact) =>
  event.kind === 'job' ? event.job_id : event.kind === 'task' ? event.task_id : event.attempt_id;

function edgeFault(event: EventFact, before: string | null | undefined): string | undefined {
  const name = `${event.kind} ${idOf(event)}`;
  const { from_state: from, to_state: to } = event;
  if (before === undefined && !born[event.kind]?.includes(from)) return `${name} was first seen leaving ${from}`;
  if (before !== undefined && before !== from) return `${name} left ${from}, but it was ${before}`;
  if (from === null) return undefined;
  // A job that was moved to another queue says so without leaving its state.
  if (event.kind === 'job' && from === to) return undefined;
  const may = legal[event.kind]?.[from]?.split(' ') ?? [];
  if (to === null || !may.includes(to)) return `${name} went from ${from} to ${to}`;
  const ended = event.kind === 'job' ? terminalJobStates.has(from) : event.kind === 'task' && terminalTasks.has(from);
  if (ended && event.reason !== BY_REQUEST) return `${name} left ${from} without being asked to: ${event.reason}`;
  return undefined;
}

/** I8: only legal edges, each leaving the state that was entered last; what has ended stays so unless somebody asks. */
export function onlyLegalEdges({ events, jobs, tasks, attempts }: Evidence): string[] {
  const last = new Map<string, string | null>();
  const faults: string[] = [];
  for (const event of events) {
    const id = idOf(event);
    if (!(event.kind in legal) || id === null) continue;
    const key = `${event.kind} ${id}`;
    const fault = edgeFault(event, last.get(key));
    if (fault !== undefined) faults.push(`${fault} (event ${event.seq})`);
    last.set(key, event.to_state);
  }
  const present = [
    ...jobs.map(({ id, state }) => ({ key: `job ${id}`, state })),
    ...tasks.map(({ id, state }) => ({ key: `task ${id}`, state })),
    ...attempts.map(({ id, state }) => ({ key: `attempt ${id}`, state })),
  ];
  const differing = present.filter(({ key, state }) => last.has(key) && last.get(key) !== state);
  const silent = present.filter(({ key }) => !last.has(key) && !key.startsWith('task '));
  return [
    ...faults,
    ...differing.map(({ key, state }) => `${key} is ${state}, but the log says ${last.get(key)}`),
    ...silent.map(({ key }) => `${key} exists without an event`),
  ];
}

/**
 * The three state machines, as data. Predicates, the diagram of docs/reference/states.md and the CHECK constraints of
 * the database derive from these tables or are tested against them. Terminal states are left only by an explicit retry.
 */
export const jobTransitions = {
  pending: ['running', 'paused', 'completed', 'failed', 'canceled'],
  running: ['pending', 'paused', 'completed', 'failed', 'canceled'],
  paused: ['pending', 'running', 'completed', 'failed', 'canceled'],
  completed: [],
  failed: ['pending'],
  canceled: ['pending'],
} as const satisfies Record<string, readonly string[]>;

export const taskTransitions = {
  blocked: ['ready', 'paused', 'skipped', 'canceled'],
  ready: ['active', 'paused', 'failed', 'skipped', 'canceled'],
  active: ['ready', 'paused', 'succeeded', 'failed', 'canceled'],
  paused: ['ready', 'blocked', 'canceled'],
  succeeded: [],
  failed: ['ready', 'blocked'],
  canceled: ['ready', 'blocked'],
  skipped: ['blocked'],
} as const satisfies Record<string, readonly string[]>;

export const attemptTransitions = {
  leased: ['running', 'publishing', 'succeeded', 'failed', 'lost', 'canceled'],
  running: ['publishing', 'succeeded', 'failed', 'lost', 'canceled'],
  publishing: ['succeeded', 'failed', 'lost', 'canceled'],
  succeeded: [],
  failed: [],
  lost: [],
  canceled: [],
} as const satisfies Record<string, readonly string[]>;

export type JobState = keyof typeof jobTransitions;
export type TaskState = keyof typeof taskTransitions;
export type AttemptState = keyof typeof attemptTransitions;

type Table = Record<string, readonly string[]>;
const keys = <T extends Table>(table: T) => Object.keys(table) as [keyof T & string, ...(keyof T & string)[]];

export const jobStates = keys(jobTransitions);
export const taskStates = keys(taskTransitions);
export const attemptStates = keys(attemptTransitions);

export function isLegal<T extends Table>(table: T, from: keyof T & string, to: keyof T & string): boolean {
  return table[from]?.includes(to) ?? false;
}

/** The states from which `to` may be entered: what a conditional UPDATE names in its WHERE clause. */
export function sourcesOf<T extends Table>(table: T, to: keyof T & string): (keyof T & string)[] {
  return keys(table).filter((from) => isLegal(table, from, to));
}

/** Attempts never leave an end state; jobs and tasks leave it only by an explicit retry. */
export const isLiveAttempt = (state: AttemptState) => attemptTransitions[state].length > 0;
export const liveAttemptStates = attemptStates.filter(isLiveAttempt);

const terminalJob: ReadonlySet<JobState> = new Set<JobState>(['completed', 'failed', 'canceled']);
export const isTerminalJob = (state: JobState) => terminalJob.has(state);
export const liveJobStates = jobStates.filter((state) => !isTerminalJob(state));

const terminalTask: ReadonlySet<TaskState> = new Set<TaskState>(['succeeded', 'failed', 'canceled', 'skipped']);
export const isTerminalTask = (state: TaskState) => terminalTask.has(state);

/** The tasks of the latest round, the only ones that count: a round follows when the result was not good enough. */
export function latestRound<T extends { round?: number }>(tasks: readonly T[]): T[] {
  const latest = tasks.reduce((round, task) => Math.max(round, task.round ?? 1), 1);
  return tasks.filter((task) => (task.round ?? 1) === latest);
}

/**
 * The one rule that turns task states into a job's state. A required task decides success and failure; an optional one
 * (quality without a gate) only keeps the job from ending before it is done. Of several rounds the latest decides: all
 * tasks of those before it have ended, and only show that the job has started.
 */
export function deriveJobState(all: readonly { state: TaskState; required: boolean; round?: number }[]): JobState {
  const tasks = latestRound(all);
  if (tasks.some((task) => task.required && task.state === 'failed')) return 'failed';
  if (tasks.some((task) => task.required && task.state === 'canceled')) return 'canceled';
  if (tasks.every((task) => isTerminalTask(task.state))) return 'completed';
  if (tasks.some((task) => task.state === 'paused')) return 'paused';
  const started = all.some((task) => task.state === 'active' || task.state === 'succeeded');
  return started ? 'running' : 'pending';
}

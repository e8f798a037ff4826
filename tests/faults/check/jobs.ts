import type { EventFact, Evidence } from './evidence.ts';
import { entriesOf } from './journal.ts';

/** Written out again on purpose: a checker that imports the table it checks finds nothing wrong with it. */
const jobStates = ['pending', 'running', 'paused', 'completed', 'failed', 'canceled'];
const terminal = new Set(['completed', 'failed', 'canceled']);
const BY_REQUEST = 'retried by request';
/** What successful work carries that counts for nothing, because the result was below what its job asks for. */
const BELOW_QUALITY = 'below_quality';

const eventsOfJobs = ({ events }: Evidence) => events.filter((event) => event.kind === 'job');

function countBy<T>(items: readonly T[], keyOf: (item: T) => string | null): Map<string, number> {
  const counts = new Map<string, number>();
  for (const item of items) {
    const key = keyOf(item);
    if (key !== null) counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts;
}

/** I1: what was accepted is what the states add up to, and each job was accepted once. */
export function acceptedIsSumOverStates(evidence: Evidence): string[] {
  const { jobs } = evidence;
  const counted = jobStates.reduce((sum, state) => sum + jobs.filter((job) => job.state === state).length, 0);
  const born = countBy(
    eventsOfJobs(evidence).filter((event) => event.from_state === null),
    (event) => event.job_id,
  );
  const twice = jobs.filter((job) => born.get(job.id) !== 1);
  return [
    ...(counted === jobs.length ? [] : [`${jobs.length} jobs, but the states add up to ${counted}`]),
    ...twice.map((job) => `job ${job.id} was accepted ${born.get(job.id) ?? 0} times by the event log`),
  ];
}

/** I2: an acknowledged submit exists, under the name it was sent with. */
export function acknowledgedSubmitExists({ jobs, names, journal, options }: Evidence): string[] {
  const known = new Set(jobs.map((job) => job.id));
  const told = entriesOf(journal, 'submitted');
  const lost = told.filter(({ jobId }) => !known.has(jobId));
  const renamed = told.filter(({ jobId, key }) => known.has(jobId) && names.has(jobId) && names.get(jobId) !== key);
  const toldIds = new Set(told.map(({ jobId }) => jobId));
  const strange = options.journalIsWhole ? jobs.filter((job) => !toldIds.has(job.id)) : [];
  return [
    ...lost.map(({ jobId, key }) => `job ${jobId} (${key}) was acknowledged and does not exist`),
    ...renamed.map(({ jobId, key }) => `job ${jobId} was acknowledged as ${key} and is ${names.get(jobId)}`),
    ...strange.map((job) => `job ${job.id} exists and nobody was told of it`),
  ];
}

/** I4: at most one completion of a job, and it is the last word. */
export function atMostOneCompletion(evidence: Evidence): string[] {
  const completions = countBy(
    eventsOfJobs(evidence).filter((event) => event.to_state === 'completed'),
    (event) => event.job_id,
  );
  const successes = countBy(
    evidence.attempts.filter((attempt) => attempt.state === 'succeeded'),
    (attempt) => attempt.task_id,
  );
  const accepted = new Map<string, Set<string>>();
  const taskOf = new Map(evidence.attempts.map((attempt) => [attempt.id, attempt.task_id]));
  for (const { attemptId } of entriesOf(evidence.journal, 'completed')) {
    const task = taskOf.get(attemptId) ?? attemptId;
    accepted.set(task, (accepted.get(task) ?? new Set()).add(attemptId));
  }
  const many = ([, count]: [string, number]) => count > 1;
  return [
    ...[...completions].filter(many).map(([job, count]) => `job ${job} completed ${count} times`),
    ...[...successes].filter(many).map(([task, count]) => `task ${task} has ${count} successful attempts`),
    ...[...accepted]
      .filter(([, attempts]) => attempts.size > 1)
      .map(([task, attempts]) => `the completions ${[...attempts].join(', ')} of task ${task} were both accepted`),
  ];
}

/** I15: the same idempotency key is one job, however often it was sent; another body under it was never accepted. */
export function oneJobForEachKey({ names, journal }: Evidence): string[] {
  const byKey = new Map<string, { ids: Set<string>; bodies: Set<string> }>();
  for (const { key, jobId, body } of entriesOf(journal, 'submitted')) {
    const seen = byKey.get(key) ?? { ids: new Set(), bodies: new Set() };
    seen.ids.add(jobId);
    if (body !== undefined) seen.bodies.add(body);
    byKey.set(key, seen);
  }
  for (const [id, name] of names) byKey.get(name)?.ids.add(id);
  return [...byKey].flatMap(([key, { ids, bodies }]) => [
    ...(ids.size > 1 ? [`the key ${key} made ${ids.size} jobs: ${[...ids].join(', ')}`] : []),
    ...(bodies.size > 1 ? [`the key ${key} was accepted with ${bodies.size} different bodies`] : []),
  ]);
}

/** I22: no attempt before `not_before`; a canceled job starts none until it is retried. */
export function nothingStartsTooEarlyOrTooLate(evidence: Evidence): string[] {
  const { attempts, jobs, journal, options } = evidence;
  const slackMs = options.slackMs ?? 0;
  const jobOf = new Map(jobs.map((job) => [job.seq, job]));
  const early = attempts.flatMap((attempt) => {
    const due = jobOf.get(attempt.job_seq)?.not_before ?? null;
    return due !== null && attempt.leased_at < due - slackMs
      ? [`attempt ${attempt.id} started ${due - attempt.leased_at} ms before its job’s not_before`]
      : [];
  });
  const ended = new Map<string, EventFact>();
  const late: string[] = [];
  for (const event of evidence.events) {
    if (event.job_id === null) continue;
    if (event.kind === 'job' && event.to_state === 'canceled') ended.set(event.job_id, event);
    if (event.kind === 'job' && event.to_state === 'pending') ended.delete(event.job_id);
    if (event.kind === 'attempt' && event.to_state === 'leased' && ended.has(event.job_id))
      late.push(`attempt ${event.attempt_id} started after its job ${event.job_id} had been canceled`);
  }
  const retried = new Set(entriesOf(journal, 'retried').map(({ jobId }) => jobId));
  const stateOf = new Map(jobs.map((job) => [job.id, job.state]));
  const canceled = entriesOf(journal, 'canceled').filter(({ jobId }) => !retried.has(jobId));
  const alive = canceled.filter(({ jobId }) => {
    const state = stateOf.get(jobId);
    return state === undefined || !terminal.has(state);
  });
  return [...early, ...late, ...alive.map(({ jobId }) => `job ${jobId} was canceled with a 200 and has not ended`)];
}

/** I7 for people: a job that failed says why. */
export function failureIsVisible({ jobs }: Evidence): string[] {
  return jobs
    .filter((job) => job.state === 'failed' && job.error === null)
    .map((job) => `job ${job.id} failed without a word`);
}

/** A completed job has every required task of its latest round succeeded; one that has is completed or was ended on purpose. */
export function jobsAgreeWithTasks({ jobs, tasks }: Evidence): string[] {
  const byJob = Map.groupBy(tasks, (task) => task.job_seq);
  return jobs.flatMap((job) => {
    const all = byJob.get(job.seq) ?? [];
    if (all.length === 0) return [`job ${job.id} has no task`];
    const latest = Math.max(...all.map((task) => task.round));
    const own = all.filter((task) => task.round === latest);
    const unmet = own.some((task) => task.required === 1 && task.state !== 'succeeded');
    if (job.state === 'completed' && unmet) return [`job ${job.id} is completed with an unfinished required task`];
    const done = own.every((task) => task.state === 'succeeded');
    return done && job.state !== 'completed' ? [`all tasks of job ${job.id} succeeded and it is ${job.state}`] : [];
  });
}

/**
 * I4 of rounds: there is a further one only behind a comparison that failed, everything in the earlier ones has ended, and
 * what succeeded in them is marked as waste; what succeeded in the latest is not, unless it failed the job.
 */
export function onlyTheLatestRoundCounts({ jobs, tasks, attempts }: Evidence): string[] {
  const taskOf = new Map(tasks.map((task) => [task.id, task]));
  const byJob = Map.groupBy(tasks, (task) => task.job_seq);
  const succeeded = Map.groupBy(
    attempts.filter((attempt) => attempt.state === 'succeeded'),
    (attempt) => attempt.job_seq,
  );
  return jobs.flatMap((job) => {
    const own = byJob.get(job.seq) ?? [];
    const latest = Math.max(1, ...own.map((task) => task.round));
    const past = own.filter((task) => task.round < latest);
    const open = past.filter((task) => task.state !== 'succeeded' && task.state !== 'failed');
    const judged = past.filter((task) => task.kind === 'quality' && task.state === 'failed').length;
    const mismarked = (succeeded.get(job.seq) ?? []).filter(({ task_id: id, cause }) => {
      const isPast = (taskOf.get(id)?.round ?? 1) < latest;
      return isPast ? cause !== BELOW_QUALITY : cause === BELOW_QUALITY && job.state === 'completed';
    });
    return [
      ...open.map(
        (task) => `task ${task.id} of round ${task.round} is ${task.state}, and job ${job.id} is in ${latest}`,
      ),
      ...(judged === latest - 1 ? [] : [`job ${job.id} is in round ${latest} after ${judged} failed comparisons`]),
      ...mismarked.map(({ id, cause }) => `attempt ${id} of job ${job.id} counts as ${cause ?? 'part of the result'}`),
    ];
  });
}

export { BELOW_QUALITY, BY_REQUEST, terminal as terminalJobStates };

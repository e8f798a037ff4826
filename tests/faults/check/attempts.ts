import type { AttemptFact, EventFact, Evidence } from './evidence.ts';
import { BY_REQUEST } from './jobs.ts';
import { entriesOf } from './journal.ts';

/** The limits of shared/src/job/retry.ts, written out again: losses, and nodes they may happen on. */
const MAX_LOSSES = 5;
const MAX_LOST_NODES = 3;
const live = new Set(['leased', 'running', 'publishing']);

const attemptEvents = ({ events }: Evidence) => events.filter((event) => event.kind === 'attempt');
const begins = (event: EventFact) => event.from_state === null;
const ends = (event: EventFact) => event.to_state !== null && !live.has(event.to_state);

/** I5: at most one live lease of a task at any moment, and attempt numbers rise by one. */
export function oneLiveLeaseOfATask(evidence: Evidence): string[] {
  const faults: string[] = [];
  const held = new Map<string, string>();
  for (const event of attemptEvents(evidence)) {
    const { task_id: task, attempt_id: attempt } = event;
    if (task === null || attempt === null) continue;
    const other = held.get(task);
    if (begins(event) && other !== undefined)
      faults.push(`task ${task} was leased as ${attempt} while ${other} was live`);
    if (begins(event)) held.set(task, attempt);
    if (ends(event) && other === attempt) held.delete(task);
  }
  const byTask = Map.groupBy(evidence.attempts, (attempt) => attempt.task_id);
  for (const [task, own] of byTask) {
    own.forEach((attempt, index) => {
      if (attempt.number !== index + 1)
        faults.push(`attempt ${attempt.number} of task ${task} stands at place ${index + 1}`);
    });
  }
  for (const task of evidence.tasks) {
    const own = byTask.get(task.id) ?? [];
    const alive = own.filter((attempt) => live.has(attempt.state)).length;
    if (task.attempts !== own.length)
      faults.push(`task ${task.id} counts ${task.attempts} attempts and has ${own.length}`);
    if (alive !== Number(task.state === 'active'))
      faults.push(`task ${task.id} is ${task.state} with ${alive} live attempts`);
  }
  return faults;
}

/** I6: once a later attempt exists, no event, artifact or acknowledgement of an earlier one. */
export function noWriteOfALowerAttempt(evidence: Evidence): string[] {
  const numberOf = new Map(evidence.attempts.map((attempt) => [attempt.id, attempt.number]));
  const newest = new Map<string, number>();
  const faults: string[] = [];
  for (const event of attemptEvents(evidence)) {
    const number = numberOf.get(event.attempt_id ?? '') ?? 0;
    const task = event.task_id ?? '';
    const top = newest.get(task) ?? 0;
    if (number < top)
      faults.push(`attempt ${number} of task ${task} went to ${event.to_state} after attempt ${top} had begun`);
    newest.set(task, Math.max(top, number));
  }
  const stateOf = new Map(evidence.attempts.map((attempt) => [attempt.id, attempt.state]));
  const stale = new Set<string>();
  for (const entry of evidence.journal) {
    if (entry.kind === 'stale') stale.add(entry.attemptId);
    if (entry.kind === 'completed' && !entry.repeated && stale.has(entry.attemptId))
      faults.push(`attempt ${entry.attemptId} was refused as stale and accepted later`);
  }
  for (const id of stale)
    if (live.has(stateOf.get(id) ?? '')) faults.push(`attempt ${id} was refused as stale and is live`);
  return faults;
}

const retriedJobs = ({ events }: Evidence) =>
  new Set(events.filter((event) => event.reason === BY_REQUEST).map((event) => event.job_id));

/** I7: losses and failures stay within their limits; who reaches one has failed and says so. */
export function countersStayWithinLimits(evidence: Evidence): string[] {
  const { jobs, tasks, attempts } = evidence;
  const retried = retriedJobs(evidence);
  const jobOf = new Map(jobs.map((job) => [job.seq, job]));
  const byTask = Map.groupBy(attempts, (attempt) => attempt.task_id);
  return tasks.flatMap((task) => {
    const job = jobOf.get(task.job_seq);
    if (!job) return [`task ${task.id} belongs to no job`];
    if (retried.has(job.id)) return [];
    const own = byTask.get(task.id) ?? [];
    const lost = own.filter((attempt) => attempt.state === 'lost');
    const failed = own.filter((attempt) => attempt.state === 'failed');
    const nodes = new Set(lost.map((attempt: AttemptFact) => attempt.node_id)).size;
    const dead = lost.length >= MAX_LOSSES || nodes >= MAX_LOST_NODES;
    const faults: string[] = [];
    if (lost.length > MAX_LOSSES) faults.push(`task ${task.id} was lost ${lost.length} times`);
    if (task.losses !== lost.length) faults.push(`task ${task.id} counts ${task.losses} losses and has ${lost.length}`);
    if (failed.length > job.max_retries + 1)
      faults.push(`task ${task.id} failed ${failed.length} times with ${job.max_retries} retries`);
    if (dead && task.state !== 'failed') faults.push(`task ${task.id} used up its losses and is ${task.state}`);
    if (dead && task.required === 1 && job.quarantined !== 1)
      faults.push(`job ${job.id} was lost too often and is not quarantined`);
    return faults;
  });
}

/** I10: at no moment does a node hold more than it said it can. */
export function noNodeHoldsTooMuch(evidence: Evidence): string[] {
  const { slots, options } = evidence;
  const nodeOf = new Map(evidence.attempts.map((attempt) => [attempt.id, attempt.node_id]));
  const holds = new Map<string, number>();
  const worst = new Map<string, number>();
  for (const event of attemptEvents(evidence)) {
    const node = nodeOf.get(event.attempt_id ?? '');
    if (node === undefined || !(begins(event) || ends(event))) continue;
    const now = (holds.get(node) ?? 0) + (begins(event) ? 1 : -1);
    holds.set(node, now);
    worst.set(node, Math.max(worst.get(node) ?? 0, now));
  }
  return [...worst].flatMap(([node, most]) => {
    const limit = options.capacityOf?.(node) ?? slots.get(node) ?? Number.POSITIVE_INFINITY;
    return most > limit ? [`node ${node} held ${most} attempts and can hold ${limit}`] : [];
  });
}

/** A claim that was answered is in the store as it was answered. */
export function acknowledgedClaimExists({ attempts, journal }: Evidence): string[] {
  const byId = new Map(attempts.map((attempt) => [attempt.id, attempt]));
  return entriesOf(journal, 'claimed').flatMap(({ attemptId, taskId, number, nodeId }) => {
    const found = byId.get(attemptId);
    const same = found?.task_id === taskId && found.number === number && found.node_id === nodeId;
    return same ? [] : [`attempt ${attemptId} was handed to ${nodeId} as number ${number} of ${taskId} and is not so`];
  });
}

import type { DeadLetter } from '@ffrtmp/shared/contract/jobs';
import { jobTitle } from './job.ts';
import { formatAge, orDash, plain, shellWord } from './text.ts';

/** Enough to see what ffmpeg complained about; `ffrtmp jobs logs` and `--output json` have the rest. */
const STDERR_LINES = 6;

/** Jobs that failed for good, each with the evidence of its attempts: to read, and to run by hand. */
export const deadLettersText = (letters: readonly DeadLetter[], nowMs: number) =>
  letters.map((letter) => letterText(letter, nowMs)).join('\n\n');

function letterText({ job, attempts }: DeadLetter, nowMs: number): string {
  const since = job.completed_at === null ? '' : ` ${formatAge(job.completed_at, nowMs)} ago`;
  const how = job.quarantined ? 'failed and quarantined' : 'failed';
  // Its error is mostly that of an attempt, which stands below.
  const told = job.error === null || attempts.some((attempt) => attempt.error === job.error);
  const reason = told ? '' : `: ${plain(job.error ?? '')}`;
  const head = `job ${job.sequence_number} (${jobTitle(job)}) of ${job.queue}, ${job.priority}, ${how}${since}${reason}`;
  return [head, ...attempts.flatMap(attemptLines)].join('\n');
}

function attemptLines(attempt: DeadLetter['attempts'][number]): string[] {
  const { failure_class: failureClass, error } = attempt;
  const how = failureClass === null ? attempt.state : `${attempt.state} (${failureClass})`;
  const reason = error === null ? '' : `: ${plain(error)}`;
  const head = `  ${attempt.task_kind} attempt ${attempt.attempt} on ${orDash(attempt.node_name)} ${how}${reason}`;
  const argv = !attempt.argv?.length ? [] : [`    $ ${attempt.argv.map((word) => plain(shellWord(word))).join(' ')}`];
  return [head, ...argv, ...lastLines(attempt.stderr_tail).map((line) => `    | ${plain(line)}`)];
}

const lastLines = (text: string) =>
  text
    .split(/[\r\n]+/)
    .filter((line) => line.trim() !== '')
    .slice(-STDERR_LINES);

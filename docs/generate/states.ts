import { attemptTransitions, jobTransitions, taskTransitions } from '@ffrtmp/shared/job/state';
import { page } from './markdown.ts';

/** A mermaid state diagram of one transition table; a state that nothing leads to is where the machine begins. */
export function diagram(transitions: Readonly<Record<string, readonly string[]>>, start: string): string {
  const edges = Object.entries(transitions).flatMap(([from, targets]) => targets.map((to) => `  ${from} --> ${to}`));
  const ends = Object.entries(transitions).flatMap(([state, targets]) =>
    targets.length === 0 ? [`  ${state} --> [*]`] : [],
  );
  return ['```mermaid', 'stateDiagram-v2', `  [*] --> ${start}`, ...edges, ...ends, '```'].join('\n');
}

export function statesPage(): string {
  return page('States', [
    'A job is what a person submits, a task is what a worker claims, an attempt is one run of a task on one node under one lease. Only the drawn edges exist; the database refuses every other. Jobs and tasks leave an end state only by an explicit retry, attempts never.',
    '## Job',
    'Derived from the states of its tasks by one function, `deriveJobState`.',
    diagram(jobTransitions, 'pending'),
    '## Task',
    'A task begins `ready`, or `blocked` while it needs another one.',
    diagram(taskTransitions, 'blocked'),
    '## Attempt',
    diagram(attemptTransitions, 'leased'),
  ]);
}

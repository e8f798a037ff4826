import type { Priority, Queue } from '@ffrtmp/shared/job/job';
import type { Requirement } from '@ffrtmp/shared/job/task';

/** A requirement class: tasks that the same nodes can run at the same rank are matched once, not one by one. */
export interface RequirementClass {
  queue: Queue;
  priority: Priority;
  requirement: Requirement;
}

/** What placement knows of a node. */
export interface NodeFacts {
  id: string;
  workingEncoders: ReadonlySet<string>;
}

/** The one text of a class, whatever order its fields came in: the key under which it is interned. */
export const canonical = ({ queue, priority, requirement }: RequirementClass) =>
  JSON.stringify([queue, priority, requirement.engine, requirement.encoder]);

/** Reads a class back from the text under which it was interned. */
export function fromCanonical(text: string): RequirementClass {
  const [queue, priority, engine, encoder] = JSON.parse(text) as [
    Queue,
    Priority,
    Requirement['engine'],
    string | null,
  ];
  return { queue, priority, requirement: { engine, encoder } };
}

export function fits(requirement: Requirement, node: NodeFacts): boolean {
  return requirement.encoder === null || node.workingEncoders.has(requirement.encoder);
}

import type { Priority, Queue } from '@ffrtmp/shared/job/job';
import type { FailureClass } from '@ffrtmp/shared/job/outcome';
import type { Machine, Submission } from './steps.ts';

/** What is to be seen of a scheduler after each step. Tasks are named by their job's number and place: `3.0`. */
export interface Sight {
  jobs: string[];
  tasks: Map<string, SeenTask>;
  /** Live attempts: task, number, node. */
  live: { key: string; number: number; node: number }[];
  /** Ready tasks by queue, priority and tenant, as memory counts them. */
  counted: Map<string, number>;
  /** Nodes that are kept free for somebody. */
  kept: number[];
}

export interface SeenTask {
  state: string;
  claimable: boolean;
  attempts: number;
  failures: number;
  losses: number;
}

/** The production code under test, over whatever store: what people, agents and time do to it. */
export interface Subject {
  submit: (job: Submission) => Promise<void>;
  /** Claims that share one commit; the tasks each was given, in order. */
  claim: (claims: readonly { node: number; slots: number }[]) => Promise<string[][]>;
  finish: (key: string) => Promise<void>;
  fail: (key: string, failureClass: FailureClass, random: number) => Promise<void>;
  /** False where the job's state refuses it. */
  verb: (verb: 'pause' | 'resume' | 'cancel' | 'retry', job: number) => Promise<boolean>;
  move: (job: number, queue: Queue, priority: Priority) => Promise<boolean>;
  rules: (tenant: number, queue: Queue, change: { paused?: boolean; maxRunning?: number | null }) => Promise<void>;
  /** Agents that are heard of now renew what they hold. */
  heard: (nodes: readonly number[]) => Promise<void>;
  /** What is due: expired leases, retries, `not_before`, reservations without a reason. */
  sweep: () => Promise<void>;
  drain: (node: number, draining: boolean) => Promise<void>;
  register: (node: number, machine: Machine) => Promise<void>;
  disk: (node: number, freeMb: number) => Promise<void>;
  look: () => Promise<Sight>;
  close: () => Promise<void>;
}

/** Time that the test moves. */
export interface ModelClock {
  nowMs: number;
}

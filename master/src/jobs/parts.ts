import type { Clock } from '@ffrtmp/runtime/clock';
import type { Progress, Queue } from '@ffrtmp/shared/job/job';
import type { Database } from '../database/open.ts';
import type { Run } from '../database/statement.ts';
import type { EventLog } from '../events/log.ts';
import type { QueueRules } from '../queues/board.ts';
import type { KnownNode } from '../scheduling/explain.ts';
import type { Ordering } from '../scheduling/rank.ts';
import type { Lanes } from './lanes.ts';
import type { Transitions } from './transition.ts';

/** What the verbs of a job need from the rest of the master, as narrow functions. */
export interface JobParts {
  db: Pick<Database, 'read' | 'write'>;
  clock: Clock;
  events: EventLog;
  lanes: Lanes;
  transitions: Transitions;
  /** Size of a file this tenant owns, or undefined. */
  ownedBytes: (tenantId: string, sha256: string) => Promise<number | undefined>;
  /** In the transaction of a job that names a file: keeps it from being pruned; false when it is gone. */
  holdFile: (run: Run, tenantId: string, sha256: string) => Promise<boolean>;
  prunedAt: (tenantId: string, sha256: string) => Promise<number | undefined>;
  nodeName: (nodeId: string) => string | null;
  knownNodes: () => KnownNode[];
  /** How queues and priorities are ranked. */
  ordering: Ordering;
  queueRules: (tenantId: string, queue: Queue) => QueueRules;
  progressOf: (jobId: string) => Progress | null;
  /** A live attempt was ended by the master: its agent is to be told at once. */
  onAttemptEnded: (attempt: { id: string; nodeId: string }, order: 'cancel' | 'pause') => void;
  /** A task now waits for a point in time: the alarm has to look again. */
  onDueChanged: () => void;
  /** Retries of a job that does not say how many. */
  defaultMaxRetries: number;
  random: () => number;
  newId: () => string;
}

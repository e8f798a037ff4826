import type { Clock } from '@ffrtmp/runtime/clock';
import type { Figure } from '@ffrtmp/shared/energy/figure';
import type { ResultMetrics } from '@ffrtmp/shared/job/attempt';
import type { Progress, Queue } from '@ffrtmp/shared/job/job';
import type { Database } from '../database/open.ts';
import type { Run } from '../database/statement.ts';
import type { EventLog } from '../events/log.ts';
import type { EndedWork } from '../pricing/price.ts';
import type { Pricing } from '../pricing/pricing.ts';
import type { QueueRules } from '../queues/board.ts';
import type { KnownNode } from '../scheduling/explain.ts';
import type { Resources } from '../scheduling/fits.ts';
import type { Ordering } from '../scheduling/rank.ts';
import type { AttemptPower } from './attempt-power.ts';
import type { Lanes } from './lanes.ts';
import type { AttemptRow } from './store.ts';
import type { Transitions } from './transition.ts';

type JobNode = Pick<NonNullable<EndedWork['node']>, 'name' | 'pool' | 'labels' | 'type'> & { total: Resources };

/** What /metrics counts of attempts. Each is told after the commit that made it so. */
export interface AttemptWatch {
  /** A new state of an attempt. */
  moved: (attempt: AttemptRow) => void;
  /** A result was stored; `kept`: the attempt succeeded with it. */
  stored: (attempt: AttemptRow, kept: boolean, result: { metrics: ResultMetrics; figures: readonly Figure[] }) => void;
  /** An attempt came to nothing: what it had used and cost by then. */
  wasted: (attemptId: string, figures: readonly Figure[]) => void;
}

/** What the verbs of a job need from the rest of the master, as narrow functions. */
export interface JobParts {
  db: Pick<Database, 'read' | 'write'>;
  clock: Clock;
  events: EventLog;
  lanes: Lanes;
  transitions: Transitions;
  watch: AttemptWatch;
  power: AttemptPower;
  /** What work comes to, and what that has to know of its node; null: the node is gone. */
  pricing: Pick<Pricing, 'figures' | 'prices'> & { nodeOf: (nodeId: string) => JobNode | null };
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

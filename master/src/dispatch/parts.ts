import type { Timing } from '@ffrtmp/shared/node/timing';
import type { LogStore } from '../jobs/logs.ts';
import type { JobParts } from '../jobs/parts.ts';
import type { ProgressBoard } from '../jobs/progress.ts';
import type { TaskRow } from '../jobs/store.ts';
import type { LeaseTokens } from '../keys/secrets.ts';
import type { NodeParts } from '../nodes/parts.ts';
import type { QueueBoard } from '../queues/board.ts';
import type { Leases } from './leases.ts';
import type { Orders } from './orders.ts';
import type { Reservations } from './reservations.ts';
import type { Waiters } from './waiters.ts';

/** Where nodes and jobs meet. */
export interface DispatchParts {
  jobs: JobParts;
  nodes: NodeParts;
  leases: Leases;
  reservations: Reservations;
  queues: QueueBoard;
  /** A task that waits at the head for so long, and fits nowhere, has a node kept free for it. */
  reserveAfterMs: number;
  /** An attempt of which nothing new is heard for so long is ended, though its lease is renewed. */
  stallMs: number;
  /** Reads lanes and queue rules again, at most once a second: another master may have changed them. */
  lookAtStore: () => Promise<void>;
  orders: Orders;
  waiters: Waiters;
  tokens: LeaseTokens;
  board: ProgressBoard;
  logs: LogStore;
  timing: Timing;
  /** What held work back is gone: parked nodes look. */
  rouse: () => void;
  /** A wake-up reached a call nobody waits for any more: the next node that could use it is woken. */
  passOn: (exceptNodeId: string) => void;
  /** Counts claims for /metrics. */
  onClaim: (result: 'success' | 'no_jobs' | 'error') => void;
  /** A task was leased, as it was before: how long it waited, for /metrics. */
  onLeased: (task: Pick<TaskRow, 'class_id' | 'queued_at' | 'position' | 'attempts'>) => void;
  /** A lease began or ended: the alarm has to look again. */
  onLeasesChanged: () => void;
  /** False while the master drains: claims end empty. */
  accepting: () => boolean;
}

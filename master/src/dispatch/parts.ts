import type { Timing } from '@ffrtmp/shared/node/timing';
import type { LogStore } from '../jobs/logs.ts';
import type { JobParts } from '../jobs/parts.ts';
import type { ProgressBoard } from '../jobs/progress.ts';
import type { LeaseTokens } from '../keys/secrets.ts';
import type { NodeParts } from '../nodes/parts.ts';
import type { Leases } from './leases.ts';
import type { Orders } from './orders.ts';
import type { Waiters } from './waiters.ts';

/** Where nodes and jobs meet. */
export interface DispatchParts {
  jobs: JobParts;
  nodes: NodeParts;
  leases: Leases;
  orders: Orders;
  waiters: Waiters;
  tokens: LeaseTokens;
  board: ProgressBoard;
  logs: LogStore;
  timing: Timing;
  /** Counts claims for /metrics. */
  onClaim: (result: 'success' | 'no_jobs' | 'error') => void;
  /** A lease began or ended: the alarm has to look again. */
  onLeasesChanged: () => void;
  /** False while the master drains: claims end empty. */
  accepting: () => boolean;
}

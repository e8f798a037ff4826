import type { Clock, Timers } from '@ffrtmp/runtime/clock';
import type { Connection } from '@ffrtmp/runtime/connect';
import type { Logger } from '@ffrtmp/runtime/log';
import type { StoredFile, UploadOptions } from '@ffrtmp/runtime/transfer';
import type { ResultInput } from '@ffrtmp/shared/contract/dispatch';
import type { Load } from '@ffrtmp/shared/node/node';
import type { Timing } from '@ffrtmp/shared/node/timing';
import type { Sampler } from '../power/sampler.ts';
import type { Machine, Work, Workplace } from '../tasks/work.ts';
import type { Held } from './held.ts';

/** What every part of a running agent shares. */
export interface AgentParts {
  connection: Connection;
  clock: Clock;
  timers: Timers;
  random: () => number;
  newId: () => string;
  nodeId: string;
  dataDir: string;
  machine: Machine;
  sampler: Sampler;
  /** The node's own energy, for the heartbeat; a simulated agent has none. */
  power?: Pick<Sampler, 'power' | 'acknowledge'>;
  /** Fetches what a task needs and runs its engine. */
  perform: (place: Workplace) => Promise<Work>;
  /** Brings a finished file to the master. */
  upload: (connection: Connection, path: string, options: UploadOptions) => Promise<StoredFile>;
  /** The machine's load since it was asked last. */
  load: () => Load;
  slots: number;
  threadsPerSlot: number;
  timing: Timing;
  heartbeatMs: number;
  pollMs: number;
  orphanGraceMs: number;
  log: Logger;
  /** Attempts by id, from the claim to the acknowledged end. */
  held: Map<string, Held>;
  /** An engine process began: the time from submit to here is the dispatch latency. */
  onSpawn: (held: Held, pid: number) => void;
  /** An attempt has ended, and this is what the master is told of it. */
  onResult?: (held: Held, result: ResultInput) => void;
  /** The master ended this node's credential: nothing more can be done. */
  onRevoked: (error: unknown) => void;
}

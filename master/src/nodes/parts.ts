import type { Clock } from '@ffrtmp/runtime/clock';
import type { NodeEnergy, PowerGrouping } from '@ffrtmp/shared/node/power';
import type { Timing } from '@ffrtmp/shared/node/timing';
import type { Committer, Transaction } from '../database/commit.ts';
import type { EventLog } from '../events/log.ts';
import type { NodeLedger } from './power.ts';
import type { LiveNode, Registry } from './registry.ts';

/** Both times in ms since 1970; the second is outside. */
export interface EnergyAsked {
  since: number;
  until: number;
  by: PowerGrouping;
}

export interface NodeParts {
  db: Committer;
  clock: Clock;
  newId: () => string;
  events: EventLog;
  registry: Registry;
  timing: Timing;
  /** Identity of the machine the master runs on, to recognise itself among its workers. */
  machineId: string | null;
  newCredential: (tx: Transaction, nodeId: string, name: string) => Promise<string>;
  endCredentials: (tx: Transaction, nodeId: string) => Promise<void>;
  runningOn: (nodeId: string) => number;
  /** Takes everything a node runs back at once. */
  takeBack: (nodeId: string, reason: string) => Promise<void>;
  /** What nodes say of their whole machine. */
  ledger: NodeLedger;
  energyOf: (node: LiveNode, asked: EnergyAsked) => Promise<Omit<NodeEnergy, 'node_id' | 'same_machine'>>;
  /** A node may take work again, or has learnt to do more. */
  onNodeReady: (nodeId: string) => void;
  /** A node was revoked or removed: a claim it has parked ends and takes nothing more. */
  onNodeGone: (nodeId: string) => void;
}

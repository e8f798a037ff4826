import type { Clock } from '@ffrtmp/runtime/clock';
import type { JobState } from '@ffrtmp/shared/job/state';
import type { Committer } from '../database/commit.ts';
import type { Library } from '../files/library.ts';
import type { LogStore } from '../jobs/logs.ts';

/** What every step of retention works with. */
export interface PruneParts {
  db: Pick<Committer, 'read' | 'write'>;
  clock: Clock;
  library: Library;
  logs: LogStore;
  /** Jobs in these states are gone. */
  onPruned: (states: readonly JobState[]) => void;
  /** Lets everything else run for a moment; between two batches. */
  pause: () => Promise<void>;
  /** The master is ending: what is left is for the next start. */
  stopping: () => boolean;
}

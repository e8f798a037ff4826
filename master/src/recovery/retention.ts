import type { Clock, Timers } from '@ffrtmp/runtime/clock';
import { delay } from '@ffrtmp/runtime/clock';
import type { Logger } from 'pino';
import type { Committer } from '../database/commit.ts';
import { sweepUnnamed } from '../files/discard.ts';
import type { Library } from '../files/library.ts';
import { forgetPrunedBefore, type PrunedFiles, pruneByAge, pruneBySize, pruneOrphans } from '../files/prune.ts';
import type { LogStore } from '../jobs/logs.ts';
import { pruneEvents, pruneJobs } from './prune-jobs.ts';
import { pruneLogs } from './prune-logs.ts';
import type { PruneParts } from './prune-parts.ts';
import { prunePower } from './prune-power.ts';

/** How long things are kept; null: for ever, or as many as there are. */
export interface RetentionRules {
  keepJobs: number | null;
  keepEnergy: number | null;
  keepLogs: number | null;
  maxLogBytes: number | null;
  keepFiles: number | null;
  maxFileBytes: number | null;
}

/** Between two batches: others have the loop for several times as long as a batch takes. */
const PAUSE_MS = 20;
/** Walks over all files of a folder look for little, so they are rarer than the runs; the first comes with the first. */
const WALK_EVERY_MS = 3_600_000;
/** A job goes with the first run after its time; what its file was goes later than that. */
const SLACK_MS = 24 * 3_600_000;

export interface Pruned {
  jobs: number;
  events: number;
  /** Of the nodes' own energy. */
  hours: number;
  logs: number;
  files: number;
  bytes: number;
}

export interface Retention {
  /** Deletes what nobody keeps any longer, in batches that never hold up the loop. */
  runOnce: (signal?: AbortSignal) => Promise<Pruned>;
}

interface RetentionParts {
  db: Pick<Committer, 'read' | 'write'>;
  clock: Clock;
  timers: Timers;
  log: Pick<Logger, 'info'>;
  library: Library;
  logs: LogStore;
  /** Jobs in these states are gone. */
  onPruned?: PruneParts['onPruned'];
  rules: RetentionRules;
}

export function createRetention({
  timers,
  rules,
  log,
  onPruned = () => undefined,
  ...given
}: RetentionParts): Retention {
  let walkedMs = Number.NEGATIVE_INFINITY;
  return {
    async runOnce(signal) {
      const parts: PruneParts = {
        ...given,
        onPruned,
        pause: () => delay(timers, PAUSE_MS, signal).catch(() => undefined),
        stopping: () => signal?.aborted ?? false,
      };
      const now = parts.clock.now();
      const walks = parts.clock.monotonicMs() - walkedMs >= WALK_EVERY_MS;
      const { jobs, events } = await pruneRows(parts, rules, now);
      const hours = rules.keepEnergy === null ? 0 : await prunePower(parts, now - rules.keepEnergy);
      const logs = walks ? await pruneLogs(parts, logRules(rules, now)) : 0;
      const files = await pruneFiles(parts, rules);
      if (walks) await sweepUnnamed(parts);
      if (walks && !parts.stopping()) walkedMs = parts.clock.monotonicMs();
      const pruned = { jobs, events, hours, logs, ...files };
      if (Object.values(pruned).some((count) => count > 0)) log.info(pruned, 'pruned what nobody keeps any longer');
      return pruned;
    },
  };
}

async function pruneRows(parts: PruneParts, { keepJobs }: RetentionRules, now: number) {
  if (keepJobs === null) return { jobs: 0, events: 0 };
  const before = now - keepJobs;
  const counts = { jobs: await pruneJobs(parts, before), events: await pruneEvents(parts, before) };
  await forgetPrunedBefore(parts, before - SLACK_MS);
  return counts;
}

const logRules = ({ keepLogs, maxLogBytes }: RetentionRules, now: number) => ({
  endedBefore: keepLogs === null ? null : now - keepLogs,
  maxBytes: maxLogBytes,
});

async function pruneFiles(parts: PruneParts, { keepFiles, maxFileBytes }: RetentionRules): Promise<PrunedFiles> {
  const steps = [
    () => pruneOrphans(parts),
    ...(keepFiles === null ? [] : [() => pruneByAge(parts, keepFiles)]),
    ...(maxFileBytes === null ? [] : [() => pruneBySize(parts, maxFileBytes)]),
  ];
  const sum = { files: 0, bytes: 0 };
  for (const step of steps) {
    const { files, bytes } = await step();
    sum.files += files;
    sum.bytes += bytes;
  }
  return sum;
}

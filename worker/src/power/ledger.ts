import { MAX_NODE_POWER, type NodePower } from '@ffrtmp/shared/node/power';
import type { Interval, Split } from './attribute.ts';

/** What a source's sums in the ledger are called. */
export interface Account {
  method: string;
  scope: NodePower['scope'];
  quality: NodePower['quality'];
  detail: string;
}

const HOUR_MS = 3_600_000;

/**
 * The node's own energy by source and hour of UTC, whatever caused it: jobs + other + idle + rest = total. Sums of one
 * run of the agent only grow, so that sending them twice changes nothing.
 */
export interface Ledger {
  add: (account: Account, interval: Interval, split: Split | null) => void;
  /** Everything that the master has not acknowledged, oldest first. */
  open: () => NodePower[];
  /** The master has these: what was over when it was sent is forgotten, the current hour goes on. */
  acknowledge: (sent: readonly NodePower[]) => void;
}

const positive = (value: number) => Math.max(0, value);
const startOfHour = (ms: number) => new Date(Math.floor(ms / HOUR_MS) * HOUR_MS).toISOString();

/** `now` is the wall clock: it names the hours, and measures nothing. `run` tells this agent from the one before it. */
export function createLedger({ now, run }: { now: () => number; run: string }): Ledger {
  const entries = new Map<string, NodePower>();
  let hour = { at: Number.NaN, text: '' };

  /** Written out once an hour, not with every sample. */
  function currentPeriod(): string {
    const at = Math.floor(now() / HOUR_MS);
    if (at !== hour.at) hour = { at, text: startOfHour(at * HOUR_MS) };
    return hour.text;
  }

  function entryOf({ method, scope, quality, detail }: Account): NodePower {
    const period = currentPeriod();
    const key = `${period} ${method} ${scope.join()}`;
    const known = entries.get(key);
    if (known) {
      known.detail = detail.slice(0, 400);
      return known;
    }
    const entry: NodePower = {
      ...{ period, run, method, scope: [...scope], quality, detail: detail.slice(0, 400) },
      ...{ seconds: 0, covered_s: 0, total_j: 0, jobs_j: 0, other_j: 0, idle_j: 0, rest_j: 0 },
      open: true,
    };
    entries.set(key, entry);
    // The oldest hours of a master that never comes back are forgotten first.
    for (const oldest of entries.keys()) {
      if (entries.size <= MAX_NODE_POWER) break;
      entries.delete(oldest);
    }
    return entry;
  }

  return {
    add(account, interval, split) {
      const entry = entryOf(account);
      entry.seconds += interval.seconds;
      if (!split || interval.energyUj === null) return;
      const jobsUj = [...split.parts.values()].reduce((sum, { fullUj }) => sum + fullUj, 0);
      entry.covered_s += interval.seconds;
      entry.total_j += interval.energyUj / 1e6;
      entry.jobs_j += jobsUj / 1e6;
      entry.other_j += split.otherUj / 1e6;
      entry.idle_j += split.idleUj / 1e6;
      entry.rest_j += split.restUj / 1e6;
    },
    open: () =>
      [...entries.values()].map((entry) => ({
        ...entry,
        open: entry.period === currentPeriod(),
        scope: [...entry.scope],
        // Differences of large sums may fall below nothing by the last bit.
        ...{ jobs_j: positive(entry.jobs_j), other_j: positive(entry.other_j) },
        ...{ idle_j: positive(entry.idle_j), rest_j: positive(entry.rest_j) },
      })),
    acknowledge(sent) {
      for (const { period, method, scope, seconds, open } of sent) {
        const key = `${period} ${method} ${scope.join()}`;
        // An hour that went on after it was sent is sent once more, and so is one that was not over then: the master need
        // not have stored it.
        if (!open && entries.get(key)?.seconds === seconds) entries.delete(key);
      }
    },
  };
}

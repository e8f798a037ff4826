import type { NodePower } from '@ffrtmp/shared/node/power';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** The parts are sums of many small shares of the total: what they may differ by is rounding alone. */
const ROUNDING = 1e-6;

export interface Kept {
  now: number;
  /** Hours are kept for so long; null: for ever. */
  keepMs: number | null;
}

const differ = (a: number, b: number) => Math.abs(a - b) > ROUNDING * Math.max(a, b);

/** Why an entry of a node's ledger cannot be taken into the books, or null. Pure. */
export function faultOf(entry: NodePower, { now, keepMs }: Kept): string | null {
  const at = Date.parse(entry.period);
  const parts = entry.jobs_j + entry.other_j + entry.idle_j + entry.rest_j;
  if (differ(entry.total_j, parts)) return `its parts are ${parts} J and not the total of ${entry.total_j} J`;
  if (entry.covered_s > entry.seconds && differ(entry.covered_s, entry.seconds))
    return `it covers ${entry.covered_s} s of ${entry.seconds} s`;
  if (at % HOUR_MS !== 0) return `${entry.period} is not the start of an hour`;
  if (at > now + DAY_MS) return `${entry.period} is yet to come: look at the clock of the node`;
  // It was pruned, and would come to life again without what the node sent of it before.
  if (keepMs !== null && at < now - keepMs) return `${entry.period} is longer ago than hours are kept`;
  return null;
}

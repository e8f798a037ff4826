import { FfrtmpError } from '@ffrtmp/shared/contract/errors';
import type { Figure } from '@ffrtmp/shared/energy/figure';
import type { PowerSource } from '@ffrtmp/shared/node/capabilities';
import { MAX_HOURS_SHOWN, type NodeEnergy, type PowerGrouping } from '@ffrtmp/shared/node/power';
import type { Run } from '../database/statement.ts';
import { figuresOfRow } from '../jobs/figures.ts';
import type { EnergyAsked } from '../nodes/parts.ts';
import { energyOnly } from './build.ts';
import { storedNodeAttempts, storedNodeEnergy } from './daily-store.ts';
import { figureOf } from './daily-sums.ts';
import { powerByDay, powerByHour } from './node-energy-store.ts';
import { type Books, reconcile } from './reconcile.ts';
import { resultsOnNode } from './store.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const lengths: Readonly<Record<PowerGrouping, number>> = { hour: HOUR_MS, day: DAY_MS };

export interface EnergyParts {
  read: Run;
  now: number;
  /** So far, of the attempts that the node runs now. */
  running: readonly Figure[];
  detailOf: Books['detailOf'];
}

/** The whole periods that hold a time from `since` to before `until`. */
function wholePeriods({ since, until, by }: EnergyAsked, now: number) {
  const length = lengths[by];
  if (by === 'hour' && Math.min(until, now) - since > MAX_HOURS_SHOWN * HOUR_MS)
    throw new FfrtmpError(
      'invalid_request',
      `by the hour, ${MAX_HOURS_SHOWN / 24} days are shown at most: say since when`,
    );
  const from = Math.floor(since / length) * length;
  // The clock of a node may be ahead.
  return { since: from, until: Math.max(from, Math.ceil(Math.min(until, now + DAY_MS) / length) * length) };
}

/**
 * Energy of a node: its own books by period, and the attempts that ended on it. Attempts of pruned jobs count with the
 * whole days that begin in the time that is asked for, because more is not known of them.
 */
export async function energyOnNode(
  { read, now, running, detailOf }: EnergyParts,
  node: string,
  asked: EnergyAsked,
): Promise<Omit<NodeEnergy, 'node_id' | 'same_machine'>> {
  const whole = wholePeriods(asked, now);
  const periods = await read(asked.by === 'hour' ? powerByHour : powerByDay, { node, ...whole });
  const { since } = asked;
  // No attempt has ended in the future.
  const until = asked.until > now ? whole.until : asked.until;
  const exact = await endedOn(read, node, { since, until });
  const ended = whole.since === since && whole.until === until ? exact : await endedOn(read, node, whole);
  const reachesToNow = whole.since <= now && now < whole.until;
  return {
    attempts: exact.attempts,
    energy: energyOnly(exact.figures),
    by: asked.by,
    ...reconcile({ periods, ended: ended.figures, running: reachesToNow ? running : [], detailOf }),
  };
}

/** How a node describes its sources now. */
export const describedBy =
  (sources: readonly PowerSource[]): Books['detailOf'] =>
  ({ method, scope }) =>
    sources.find((one) => one.method === method && [...one.scope].sort().join() === scope)?.detail ?? null;

async function endedOn(read: Run, node: string, { since, until }: Omit<EnergyAsked, 'by'>) {
  const rows = await read(resultsOnNode, { node, since, until });
  const live = rows.flatMap((row) => figuresOfRow(row));
  const pruned = await read(storedNodeEnergy, { node, since, until });
  const [count] = await read(storedNodeAttempts, { node, since, until });
  return { attempts: rows.length + (count?.count ?? 0), figures: [...pruned.map(figureOf), ...live] };
}

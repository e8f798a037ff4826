import type { Figure } from '@ffrtmp/shared/energy/figure';
import type { Transaction } from '../database/commit.ts';
import type { EndedWork } from '../pricing/price.ts';
import { booked } from '../scheduling/fits.ts';
import { figuresOfAttempt } from './figures.ts';
import type { JobParts } from './parts.ts';
import { powerOfAttempt } from './power-store.ts';
import { insertPrices } from './price-store.ts';
import type { AttemptRow } from './store.ts';

type Parts = Pick<JobParts, 'clock' | 'lanes' | 'pricing' | 'watch'>;

/** What pricing looks at of an attempt: its time, its node, and the share of the node it had. */
function workOf({ clock, lanes, pricing }: Parts, attempt: AttemptRow, figures: readonly Figure[]): EndedWork {
  const node = pricing.nodeOf(attempt.node_id);
  const requirement = lanes.of(attempt.class_id)?.requirement;
  const reservedThreads = node && requirement ? booked(requirement, node.total).threads : 0;
  return {
    figures,
    time: { from: attempt.started_at ?? attempt.leased_at, to: attempt.ended_at ?? clock.now() },
    node: node && requirement ? { ...node, threads: node.total.threads, reservedThreads } : null,
  };
}

/** The figures of a result with what they came to. */
export const pricedFigures = (parts: Parts, attempt: AttemptRow, figures: readonly Figure[]): Figure[] =>
  parts.pricing.figures(workOf(parts, attempt, figures));

/**
 * In the transaction that ends an attempt: prices of one that has no result, from what it had said until then. One that
 * never started had its share of the node too. A receipt is a document: what it says is worked out once, at the prices
 * of that time.
 */
export async function keepPrices(parts: Parts, tx: Transaction, ended: AttemptRow): Promise<void> {
  if (ended.ended_at === null) return;
  const [power] = await tx.run(powerOfAttempt, { id: ended.id });
  const said = power ? { at: power.at, figures: JSON.parse(power.body) as Figure[] } : null;
  const figures = figuresOfAttempt({ ...ended, figures: null, power: said });
  const prices = parts.pricing.prices(workOf(parts, ended, figures));
  await tx.run(insertPrices, { id: ended.id, body: JSON.stringify(prices) });
  tx.afterCommit(() => parts.watch.wasted(ended.id, [...figures, ...prices]));
}

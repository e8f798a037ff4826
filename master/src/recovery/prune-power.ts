import type { PruneParts } from './prune-parts.ts';
import { deletePowerOf, oldestPower } from './store.ts';

/** Of one run, a month of them; the next one goes on. */
const MAX_HOURS = 31 * 24;

/** Deletes the hours of all nodes that began before a time, one after the other: an hour is a row a source and node. */
export async function prunePower(parts: PruneParts, before: number): Promise<number> {
  let hours = 0;
  for (; hours < MAX_HOURS && !parts.stopping(); hours += 1) {
    const [oldest] = await parts.db.read(oldestPower, { before });
    if (!oldest) break;
    await parts.db.write((tx) => tx.run(deletePowerOf, { period: oldest.period }));
    await parts.pause();
  }
  return hours;
}

import type { Clock } from '@ffrtmp/runtime/clock';
import type { Database } from '../database/open.ts';
import { askGrid, type GridApi } from './grid-api.ts';
import type { Sample } from './intensity.ts';
import { forgetSamples, insertSample, samplesSince } from './store.ts';

/** The grid publishes by the hour or quarter; asking more often is throttled (429). */
export const REFRESH_MS = 15 * 60_000;
/** Kept as long as an attempt may last that is priced with them. */
const KEEP_MS = 14 * 24 * 3_600_000;

export interface LiveGrid {
  /** In the order of their times. */
  samples: () => readonly Sample[];
  /** Asks once and keeps the answer; throws with the reason when there is none. Called in the background alone. */
  refresh: (signal?: AbortSignal) => Promise<void>;
}

interface Parts {
  db: Pick<Database, 'read' | 'write'>;
  clock: Clock;
  fetch: typeof globalThis.fetch;
}

/** Live values of one zone. They lie in the store too, so that a long attempt is priced right over a restart. */
export async function openLiveGrid({ db, clock, fetch }: Parts, api: GridApi): Promise<LiveGrid> {
  const { zone } = api;
  const rows = await db.read(samplesSince, { zone, since: clock.now() - KEEP_MS });
  let samples: Sample[] = rows.map(({ at, g_per_kwh, label }) => ({ at, gPerKwh: g_per_kwh, label }));
  return {
    samples: () => samples,
    async refresh(signal) {
      const reading = await askGrid(fetch, api, { signal });
      const at = clock.now();
      const before = at - KEEP_MS;
      await db.write(async (tx) => {
        await tx.run(insertSample, { zone, at, ...reading });
        await tx.run(forgetSamples, { before });
        tx.afterCommit(() => {
          samples = [...samples.filter((sample) => sample.at >= before && sample.at < at), { at, ...reading }];
        });
      });
    },
  };
}

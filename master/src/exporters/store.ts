import { statfs } from 'node:fs/promises';
import { type Exporter, type Sample, sample } from '@ffrtmp/runtime/exporters';
import { masterMetrics } from '@ffrtmp/shared/metrics';
import { sql } from 'kysely';
import type { CommitCounts } from '../database/commit.ts';
import { type Run, statement } from '../database/statement.ts';

/** Pages of the file times their size, or what the server says of this database: neither reads a table. */
export const databaseSize = statement((q, dialect) =>
  q.selectNoFrom(
    (dialect === 'postgres'
      ? sql<number>`pg_database_size(current_database())::float8`
      : sql<number>`(select page_count * page_size from pragma_page_count(), pragma_page_size())`
    ).as('bytes'),
  ),
);

export interface StoreParts {
  read: Run;
  commits: () => CommitCounts;
  dataDir: string;
  kind: 'sqlite' | 'postgres';
}

async function freeSamples(dataDir: string): Promise<Sample[] | null> {
  const disk = await statfs(dataDir).catch(() => null);
  return disk && sample(masterMetrics.diskFree, disk.bavail * disk.bsize, { place: 'data' });
}

/** The database and the disk. A store that does not answer is no reason to hide the disk, which may be why. */
export const storeExporter = ({ read, commits, dataDir, kind }: StoreParts): Exporter => ({
  name: 'store',
  metrics: [
    ...[masterMetrics.commits, masterMetrics.commitMutations, masterMetrics.commitSeconds],
    ...[masterMetrics.databaseSize, masterMetrics.diskFree],
  ],
  async collect() {
    const free = await freeSamples(dataDir);
    const [size] = await read(databaseSize).catch(() => []);
    const { groups, mutations, seconds } = commits();
    return {
      samples: [
        ...sample(masterMetrics.commits, groups),
        ...sample(masterMetrics.commitMutations, mutations),
        ...sample(masterMetrics.commitSeconds, seconds),
        ...sample(masterMetrics.databaseSize, size?.bytes, { kind }),
        ...(free ?? []),
      ],
      reason: free && size ? 'ok' : 'unreadable',
    };
  },
});

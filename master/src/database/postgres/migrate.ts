import { FfrtmpError } from '@ffrtmp/shared/contract/errors';
import type pg from 'pg';
import { type Migration, migrationSql } from '../migrations/list.ts';

/** Any number of ours: it names the lock under which one master at a time looks at the schema. */
const MIGRATION_LOCK = 4_711_001;
/** A step over a large table takes minutes, and so does waiting for another master's. */
const MIGRATION_TIMEOUT = '30min';

/**
 * Brings the schema up to date in one transaction: all steps or none. The lock is the transaction's, so that whatever
 * ends the connection frees it.
 */
export async function migrate(client: pg.ClientBase, shown: string, steps: readonly Migration[]): Promise<void> {
  const { rows: facts } = await client.query<{ server_encoding: string }>('SHOW server_encoding');
  if (facts[0]?.server_encoding !== 'UTF8') {
    const found = facts[0]?.server_encoding;
    throw new FfrtmpError('bad_config', `${shown} has the encoding ${found}: make the database with ENCODING 'UTF8'`);
  }
  await client.query('BEGIN');
  try {
    await client.query(`SET LOCAL statement_timeout = '${MIGRATION_TIMEOUT}'`);
    await client.query(`SET LOCAL lock_timeout = '${MIGRATION_TIMEOUT}'`);
    await client.query('SELECT pg_advisory_xact_lock($1)', [MIGRATION_LOCK]);
    await client.query('CREATE TABLE IF NOT EXISTS schema_version (version bigint NOT NULL)');
    const { rows } = await client.query<{ version: number | null }>(
      'SELECT max(version) AS version FROM schema_version',
    );
    const version = rows[0]?.version ?? 0;
    if (version > steps.length) throw newer(shown, version, steps.length);
    for (const step of steps.slice(version)) await client.query(migrationSql(step, 'postgres'));
    if (version < steps.length) {
      await client.query('DELETE FROM schema_version');
      await client.query('INSERT INTO schema_version VALUES ($1)', [steps.length]);
    }
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined);
    throw error;
  }
}

const newer = (shown: string, version: number, known: number) =>
  new FfrtmpError(
    'newer_schema',
    `${shown} was written by a newer ffrtmp (schema ${version}, this one knows ${known}): upgrade, or restore its backup`,
  );

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { sql } from 'kysely';
import { openDatabase } from '../../master/src/database/open.ts';
import type { Statement } from '../../master/src/database/statement.ts';
import { repository, runProgram } from '../support/process.ts';
import { openScope } from '../support/scope.ts';

const STRACE = '/usr/bin/strace';
const COMMITS = 20;

/** Commits one after the other, and says of each that it is stored. */
const writer = `
  import { writeSync } from 'node:fs';
  import { openDatabase } from '${join(repository, 'master/src/database/open.ts')}';
  const db = await openDatabase(process.argv[1]);
  for (let i = 0; i < ${COMMITS}; i += 1) {
    const row = { id: 't' + i, name: 't' + i, created_at: 0, weight: 1 };
    await db.write((tx) => tx.run({ build: (q) => q.insertInto('tenants').values(row) }));
    writeSync(1, 'stored ' + i + '\\n');
  }
  await db.close();`;

const level: Statement<{ synchronous: number }> = {
  build: (q) => ({ compile: () => sql`pragma synchronous`.compile(q) }) as never,
};
/** SQLite's number for FULL: the log is synced at every commit. NORMAL, 1, syncs it at checkpoints alone. */
const FULL = 2;

/** What was acknowledged between two syncs of the write-ahead log. */
function unsynced(trace: string): string[] {
  let synced = false;
  return trace.split('\n').flatMap((line) => {
    if (/\bf(?:data)?sync\(\d+<[^>]*master\.db-wal>\)/.test(line)) synced = true;
    const stored = /"(stored \d+)/.exec(line)?.[1];
    if (stored === undefined) return [];
    const early = synced ? [] : [stored];
    synced = false;
    return early;
  });
}

test('What is acknowledged was synced to the disk before', async (t) => {
  const { dir, ...scope } = openScope(t);
  const db = await openDatabase(join(dir, 'master.db'));
  // The connection that the master writes with answers its reads, too.
  const [row] = await db.read(level);
  await db.close();
  assert.equal(row?.synchronous, FULL);
  if (!existsSync(STRACE)) return t.diagnostic('without strace the setting alone was looked at');
  const trace = join(dir, 'trace.txt');
  const what = ['-f', '-y', '-qq', '-e', 'trace=fsync,fdatasync,write', '-e', 'signal=none', '-o', trace];
  const node = [process.execPath, '--input-type=module', '-e', writer, join(dir, 'traced', 'master.db')];
  const { code, stdout, stderr } = await runProgram({ dir, ...scope }, STRACE, [...what, ...node]);
  // A container may forbid it to trace anything at all.
  if (/ptrace|Operation not permitted/.test(stderr)) return t.diagnostic(`strace may not trace: ${stderr.slice(0, 200)}`);
  assert.deepEqual([code, stdout.split('\n').length - 1], [0, COMMITS], stderr);
  assert.deepEqual(unsynced(readFileSync(trace, 'utf8')), []);
});

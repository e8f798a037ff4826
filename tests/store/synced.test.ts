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

/** What was acknowledged though the thread that says so had not synced the write-ahead log since it last did. */
function unsynced(trace: string): string[] {
  const synced = new Set<string>();
  const begun = new Set<string>();
  return trace.split('\n').flatMap((line) => {
    const [, thread = '', call = ''] = /^(\d+)\s+(.*)$/.exec(line) ?? [];
    // Another thread's call in between cuts a line in two.
    if (/^f(?:data)?sync\(\d+<[^>]*master\.db-wal> <unfinished/.test(call)) begun.add(thread);
    const resumed = /^<\.\.\. f(?:data)?sync resumed>/.test(call) && begun.delete(thread);
    if (resumed || /^f(?:data)?sync\(\d+<[^>]*master\.db-wal>\)/.test(call)) synced.add(thread);
    const stored = /^write\(.*"(stored \d+)/.exec(call)?.[1];
    return stored === undefined || synced.delete(thread) ? [] : [stored];
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
  if (/ptrace|Operation not permitted/.test(stderr))
    return t.diagnostic(`strace may not trace: ${stderr.slice(0, 200)}`);
  assert.deepEqual([code, stdout.split('\n').length], [0, COMMITS], stderr);
  assert.deepEqual(unsynced(readFileSync(trace, 'utf8')), []);
});

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { repository } from '../../tests/support/process.ts';
import type { Scope } from '../../tests/support/scope.ts';
import { quantile } from './statistics.ts';

const TIMES = 50;

/** The release is what is measured: brought up to date with the sources first. */
export function compile(): void {
  execFileSync(join(repository, 'node_modules', '.bin', 'tsc'), ['-b', 'tsconfig.build.json'], { cwd: repository });
}

/**
 * What this machine takes at the same hour for the two things that no program can save: a synced commit by bare
 * node:sqlite, and the start of a program by bare Node (which copies the page tables of the one that starts it).
 */
export async function referenceWorkload(scope: Scope): Promise<{ commit_p50_ms: number; spawn_p50_ms: number }> {
  const db = new DatabaseSync(join(scope.folder('reference'), 'bare.db'));
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE IF NOT EXISTS t (a TEXT) STRICT');
  const insert = db.prepare('INSERT INTO t VALUES (?)');
  const commits: number[] = [];
  const spawns: number[] = [];
  for (let time = 0; time < TIMES; time += 1) {
    const commitMs = performance.now();
    db.exec('BEGIN IMMEDIATE');
    insert.run('x'.repeat(500));
    db.exec('COMMIT');
    const spawnMs = performance.now();
    commits.push(spawnMs - commitMs);
    const child = spawn('/bin/true', { stdio: 'ignore' });
    spawns.push(performance.now() - spawnMs);
    await once(child, 'close');
  }
  db.close();
  const rounded = (values: number[]) => Math.round(quantile(values, 0.5) * 100) / 100;
  return { commit_p50_ms: rounded(commits), spawn_p50_ms: rounded(spawns) };
}

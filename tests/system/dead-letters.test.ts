import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { jobOperations } from '@ffrtmp/shared/contract/jobs';
import { engine } from '../support/engine.ts';
import { waitForJob } from '../support/events.ts';
import { attemptsOf, submitFilm } from '../support/film.ts';
import { startAgent, startMaster } from '../support/fleet.ts';
import { clip } from '../support/media.ts';
import { openScope } from '../support/scope.ts';

test('A job whose ffmpeg fails leaves what ran, where, and its last words; one that never ran says so', async (t) => {
  const scope = openScope(t);
  const master = await startMaster(scope);
  await startAgent(scope, master, { address: 'one', args: ['--ffmpeg', engine(scope)] });
  const encode = { scenario: '360p-h264', max_retries: 0 };
  const parameters = { preset: 'nosuch' };
  const refused = await submitFilm(master, await clip('motion'), { ...encode, parameters });
  assert.equal((await waitForJob(master, refused.id)).status, 'failed');
  const text = join(scope.dir, 'film.mkv');
  writeFileSync(text, 'no film at all');
  const unread = await submitFilm(master, text, encode);
  assert.equal((await waitForJob(master, unread.id)).status, 'failed');

  const { dead_letters: letters } = await master.client.call(jobOperations.deadLetters, { query: {} });
  assert.deepEqual(
    letters.map(({ job }) => job.id),
    [unread.id, refused.id],
  );
  const [last, first] = letters.map((letter) => letter.attempts[0]);
  assert.ok(first?.argv && last && first.ended_at);
  assert.match(first.argv[0] ?? '', /\/ffmpeg$/);
  assert.ok(first.argv.includes('nosuch') && first.argv.some((word) => word.startsWith('file:/')));
  assert.match(first.stderr_tail, /preset/);
  assert.deepEqual([first.node_name, first.state, last.node_name, last.argv], ['one', 'failed', 'one', null]);
  assert.equal(last.failure_class, 'input');
  assert.match(last.stderr_tail, /not a video/);
  const [attempt] = await attemptsOf(master, unread.id);
  assert.match(attempt?.environment?.ffmpeg ?? '', /^ffmpeg version/, 'where it failed is known all the same');
});

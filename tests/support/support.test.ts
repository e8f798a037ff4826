import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { jobOperations } from '@ffrtmp/shared/contract/jobs';
import { submit, waitForJob } from './events.ts';
import { restartMaster, startMaster } from './fleet.ts';
import { assertNoHandleLeft, assertNoProcessOf, openHandleCount, processesOf } from './leaks.ts';
import { allPictures, clip, soundOnly } from './media.ts';
import { runProgram, startProgram } from './process.ts';
import { openScope } from './scope.ts';

test('A program’s line is found whether it came before or comes after the question', async (t) => {
  const scope = openScope(t);
  const script = "console.log('first 1'); process.stdin.resume(); setInterval(() => console.error('second 2'), 5)";
  const program = startProgram(scope, process.execPath, ['-e', script]);
  assert.equal((await program.waitForLine(/first (\d)/))[1], '1');
  assert.equal((await program.waitForLine(/second (\d)/))[1], '2');
  assert.equal((await program.waitForLine(/first (\d)/))[1], '1');
  assert.deepEqual(await program.stop('SIGTERM'), { code: null, signal: 'SIGTERM' });
});

test('Waiting for a line ends with the program’s output when the program ends or the limit is reached', async (t) => {
  const scope = openScope(t);
  const ended = startProgram(scope, process.execPath, ['-e', "console.log('last words')"]);
  await assert.rejects(ended.waitForLine(/never/), /ended \(0\)[\s\S]*last words/);
  const silent = startProgram(scope, process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
  await assert.rejects(silent.waitForLine(/never/, 50), /ran 50 ms/);
});

test('A program that will not end is killed and reported', async (t) => {
  const scope = openScope(t);
  const deaf = startProgram(scope, process.execPath, [
    '-e',
    "process.on('SIGTERM', () => {}); console.log('up'); setInterval(() => {}, 1000)",
  ]);
  await deaf.waitForLine(/up/);
  await assert.rejects(deaf.stop('SIGTERM', 100), /did not end within 100 ms/);
});

test('A process that outlives its parent is found by the scope’s mark, also behind a clean environment', async (t) => {
  const scope = openScope(t);
  const orphan = `require('node:child_process').spawn('sleep', ['30'], { detached: true, stdio: 'ignore', env: { HOME: process.env.HOME, PATH: process.env.PATH } }).unref()`;
  assert.equal((await runProgram(scope, process.execPath, ['-e', orphan])).code, 0);
  const left = processesOf(scope.dir);
  assert.deepEqual(
    left.map(({ command }) => command),
    ['sleep 30'],
  );
  assert.throws(() => assertNoProcessOf(scope.dir), /left behind:\n\d+ sleep 30/);
  for (const { pid } of left) process.kill(pid, 'SIGKILL');
  // The end of an orphan is no event of ours; a look at /proc until it is gone is short and has a bound.
  for (let look = 0; look < 10_000 && processesOf(scope.dir).length > 0; look += 1) execFileSync('true');
});

test('A scope gives its programs a home and a temporary folder of their own and nothing else', async (t) => {
  const scope = openScope(t, { leavesTemporaries: 'this test leaves one' });
  writeFileSync(join(scope.env.TMPDIR ?? '', 'left'), '');
  const { stdout } = await runProgram(scope, 'env', []);
  const names = stdout.split('\n').map((line) => line.split('=')[0]);
  assert.deepEqual(names.sort(), ['HOME', 'LANG', 'PATH', 'TMPDIR']);
});

test('Every kind of clip is a film of the wanted length', async () => {
  for (const picture of allPictures) {
    const path = await clip(picture, { seconds: 1 });
    const args = [
      '-v',
      'error',
      '-count_packets',
      '-show_entries',
      'stream=codec_type,nb_read_packets',
      '-of',
      'csv=p=0',
      path,
    ];
    const streams = execFileSync('ffprobe', args, { encoding: 'utf8' });
    assert.match(streams, /video,25\n/, picture);
    assert.match(streams, /audio,\d+\n/, picture);
  }
  assert.match(await soundOnly(), /\.m4a$/);
});

test('A master of a scope answers with its admin key, restarts on its port, and leaves nothing behind', async (t) => {
  const scope = openScope(t);
  const before = openHandleCount();
  const master = await startMaster(scope);
  const job = await submit(master, { scenario: '360p-h264', name: 'first' });
  assert.equal((await waitForJob(master, job.id, (seen) => seen.status === 'pending')).name, 'first');
  assert.equal((await master.program.stop('SIGTERM')).code, 0);
  const again = await restartMaster(scope, master);
  assert.equal(again.url, master.url);
  assert.equal((await again.client.call(jobOperations.get, { params: { id: '1' } })).id, job.id);
  await Promise.all([again.program.stop(), master.connection.close(), again.connection.close()]);
  await assertNoHandleLeft(before);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { endMessage, startProgram } from './child.ts';

const start = (script: string, signal = new AbortController().signal) =>
  startProgram({
    name: 'master',
    path: process.execPath,
    args: ['-e', script],
    env: process.env,
    cwd: process.cwd(),
    readyLine: /^master ready at (\S+)/,
    signal,
  });

const isAlive = (pid: number) => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

test('a program is ready when it says so, and stops when told', async () => {
  const program = await start(
    "process.on('SIGTERM', () => process.exit(0)); console.log('hello'); console.log('master ready at http://x:1 ' + process.pid); setInterval(() => {}, 1000)",
  );
  assert.equal(program.ready[1], 'http://x:1');
  const pid = Number(program.ready.input.split(' ').at(-1));
  assert.deepEqual(await program.stop(), { code: 0, signal: null, message: '' });
  assert.equal(isAlive(pid), false);
});

test('a program that ends before it is ready fails with its own sentence and exit code', async () => {
  await assert.rejects(start("console.error('error: port 8080 is taken'); process.exitCode = 9"), {
    message: 'port 8080 is taken',
    exitCode: 9,
  });
});

test('a launcher that is missing is an error, not a crash', async () => {
  const settings = { name: 'agent', path: '/nowhere/agent', args: [], env: {}, cwd: '/', readyLine: /x/ };
  await assert.rejects(startProgram({ ...settings, signal: new AbortController().signal }), /ENOENT/);
});

test('Ctrl-C while a program starts stops it', async () => {
  const controller = new AbortController();
  const starting = start('setInterval(() => {}, 1000)', controller.signal);
  controller.abort(new Error('interrupted'));
  await assert.rejects(starting, /interrupted/);
});

test('the message of an ending is the error sentence, even of several lines', () => {
  assert.equal(endMessage(['{"level":30}', 'error: --port: bad', '--host: bad']), '--port: bad\n--host: bad');
  assert.equal(endMessage(['one', 'last words']), 'last words');
});

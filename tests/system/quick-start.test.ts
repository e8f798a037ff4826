import assert from 'node:assert/strict';
import { symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { engine } from '../support/engine.ts';
import { processesOf } from '../support/leaks.ts';
import { noNamespaces, openNetwork } from '../support/namespace.ts';
import { type Program, repository, runProgram, startProgram } from '../support/process.ts';
import { openScope, type Scope } from '../support/scope.ts';

const READY_MS = 90_000;
/** In seconds; the seeds' films are longer than a test should take. */
const DURATION = 1;

/** Three terminals of a newcomer: the checkout’s commands in a folder of their own, on the ports the documents name. */
function openTerminals(scope: Scope) {
  const { within } = openNetwork(scope);
  const cwd = scope.folder('checkout');
  symlinkSync(join(repository, 'bin'), join(cwd, 'bin'));
  const env: Record<string, string> = { PATH: `${dirname(engine(scope))}:${scope.env.PATH}` };
  const argv = (line: string): [string, string[]] => [within[0] ?? '', [...within.slice(1), '/bin/bash', '-c', line]];
  return {
    export(name: string, value: string) {
      env[name] = value;
    },
    /** What stays in the foreground of its terminal. */
    start: (name: string, line: string) => startProgram(scope, ...argv(`exec ${line}`), { name, cwd, env }),
    /** The same on a pseudo-terminal, on which somebody answers y. */
    startAndAgree(name: string, line: string): Program {
      const typed = `echo y | script --quiet --return --command "exec ${line}" /dev/null`;
      const program = startProgram(scope, ...argv(typed), { name, cwd, env });
      // The shell's end does not reach what runs in the session of the pseudo-terminal: the agent is told itself.
      scope.onEnd(async () => {
        for (const { pid, command } of processesOf(scope.dir))
          if (/\bnode .*worker\//.test(command)) process.kill(pid, 'SIGTERM');
        await program.exited;
      });
      return program;
    },
    run: async (line: string) => (await runProgram(scope, ...argv(line), { cwd, env })).stdout,
  };
}

test('Seed 002: master, an agent that is allowed on its machine, and curl', { skip: noNamespaces }, async (t) => {
  const scope = openScope(t);
  const terminal = openTerminals(scope);
  const master = terminal.start('master', './bin/master --port 8080');
  const [, key] = await master.waitForLine(/^admin key: (\S+)/);
  await master.waitForLine(/^master ready at http:\/\/127\.0\.0\.1:8080$/);
  const agent = terminal.startAndAgree(
    'agent',
    './bin/agent --register --master http://localhost:8080 --allow-master-as-worker',
  );
  await agent.waitForLine(/Go on\? \[y\/N\]/, READY_MS);
  await agent.waitForLine(/^agent ready: node/, READY_MS);

  assert.match(await terminal.run('curl -s http://localhost:8080/health'), /"status":"(?:ok|healthy)"/);
  assert.match(await terminal.run('curl -s http://localhost:8080/nodes'), /"code":"unauthorized"/);
  const authorization = `-H "Authorization: Bearer ${key}"`;
  const { nodes } = JSON.parse(await terminal.run(`curl -s ${authorization} http://localhost:8080/nodes`));
  assert.deepEqual(
    nodes.map((node: { status: string; master_as_worker: boolean }) => [node.status, node.master_as_worker]),
    [['available', true]],
  );
  const post = await terminal.run(`curl -s -X POST http://localhost:8080/jobs ${authorization} \\
  -H "Content-Type: application/json" \\
  -d '{
    "scenario": "test-1080p",
    "confidence": "auto",
    "parameters": { "duration": ${DURATION}, "bitrate": "15000k" }
  }'`);
  const job = JSON.parse(post) as { id: string; encode: { height: number } };
  assert.equal(job.encode.height, 1080);
  // curl follows the events until the job has ended, as `ffrtmp jobs watch` does.
  const events = await terminal.run(`curl -sN ${authorization} http://localhost:8080/jobs/${job.id}/events`);
  assert.match(events, /"status":"completed"/);
  const { jobs } = JSON.parse(await terminal.run(`curl -s ${authorization} http://localhost:8080/jobs`));
  assert.deepEqual(
    jobs.map((one: { id: string; status: string }) => [one.id, one.status]),
    [[job.id, 'completed']],
  );
  assert.match(await terminal.run('curl -s http://localhost:9090/metrics'), /^ffrtmp_master_jobs_total/m);
  assert.match(await terminal.run('curl -s http://localhost:9091/metrics'), /^ffrtmp_worker_heartbeats_total/m);
});

test('Seed 003: keys in the environment, https against a plain master, submit and logs', {
  skip: noNamespaces,
}, async (t) => {
  const scope = openScope(t);
  const terminal = openTerminals(scope);
  const key = (await terminal.run('openssl rand -base64 32')).trim();
  terminal.export('MASTER_API_KEY', key);
  const master = terminal.start('master', './bin/master --db master.db --port 8080');
  await master.waitForLine(/^master ready at http:\/\/127\.0\.0\.1:8080$/);
  assert.doesNotMatch(master.stdout(), /admin key/, 'the configured key is the admin key');
  terminal.export('FFMPEG_RTMP_API_KEY', key);
  const agent = terminal.startAndAgree('agent', './bin/agent --register --master https://localhost:8080');
  await agent.waitForLine(/the master speaks http; using http:\/\/localhost:8080/, READY_MS);
  await agent.waitForLine(/^agent ready: node/, READY_MS);

  const submit = (words: string) =>
    terminal.run(`./bin/ffrtmp jobs submit ${words} --duration ${DURATION} --output json`);
  const live = JSON.parse(await submit('--scenario "live-4K" --queue live --priority high --preset ultrafast'));
  assert.deepEqual([live.sequence_number, live.queue, live.weight, live.encode.height], [1, 'live', 30, 2160]);
  const batch = JSON.parse(await submit('--scenario "batch-720p" --queue batch --priority low'));
  await terminal.run(`./bin/ffrtmp jobs watch ${live.id} ${batch.id}`);
  const bySequence = await terminal.run('./bin/ffrtmp jobs logs 1');
  assert.match(bySequence, /transcode, attempt 1[\s\S]*libx264/);
  assert.equal(await terminal.run(`./bin/ffrtmp jobs logs ${live.id}`), bySequence);
  assert.match(await terminal.run(`./bin/ffrtmp jobs logs ${live.id} --output json`), /"logs":/);
  const { status } = JSON.parse(await terminal.run('./bin/ffrtmp jobs get 2 --output json'));
  assert.equal(status, 'completed');
});

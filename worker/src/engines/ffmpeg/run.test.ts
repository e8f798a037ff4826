import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { encoderVersionOf } from './encoder-version.ts';
import type { Snapshot } from './progress.ts';
import { type RunPlan, runProcess } from './run.ts';

const cwd = mkdtempSync(join(tmpdir(), 'ffrtmp-run-'));
after(() => rmSync(cwd, { recursive: true }));
const { signal } = new AbortController();

const report = [
  '-hide_banner',
  '-nostdin',
  '-y',
  '-nostats',
  '-benchmark',
  '-progress',
  'pipe:1',
  '-stats_period',
  '0.1',
];
const film = (seconds: number, ...rest: string[]): RunPlan => ({
  program: 'ffmpeg',
  argv: [...report, ...rest, '-f', 'lavfi', '-i', `testsrc2=s=320x180:d=${seconds}`, '-c:v', 'libx264', 'out.mp4'],
  cwd,
});
const script = (code: string, more: Partial<RunPlan> = {}): RunPlan => ({
  program: process.execPath,
  argv: ['-e', code],
  cwd,
  ...more,
});
/** Waits for the end of a process that is not our child, by one that does. */
const gone = (pid: number) => once(spawn('tail', ['--pid', String(pid), '-s', '0.05', '-f', '/dev/null']), 'exit');
const isAlive = (pid: number) => existsSync(`/proc/${pid}`);

test('a run that succeeds reports progress, its log, CPU time and memory', async () => {
  const snapshots: Snapshot[] = [];
  const chunks: Buffer[] = [];
  let spawned = 0;
  const onProgress = (snapshot: Snapshot) => snapshots.push(snapshot);
  const onStderr = (chunk: Buffer) => chunks.push(chunk);
  const onSpawn = (pid: number) => {
    spawned = pid;
  };
  const result = await runProcess({ ...film(2), onProgress, onStderr, onSpawn }, signal);
  assert.deepEqual(result.outcome, { kind: 'succeeded' });
  assert.deepEqual([snapshots.at(-1)?.frame, snapshots.at(-1)?.done], [50, true]);
  assert.equal(Buffer.concat(chunks).toString(), result.stderrTail);
  assert.ok(result.cpuSeconds > 0.05 && result.maxRssMb > 20, JSON.stringify(result));
  assert.deepEqual([result.pid, result.frames], [spawned, 50]);
  assert.ok(!isAlive(spawned));
  assert.match(encoderVersionOf(result.stderrTail) ?? '', /^x264 \d+ r\d+/);
});

test('the CPU time holds what ffmpeg itself counts and its start', async () => {
  const result = await runProcess(film(4), signal);
  const bench = /utime=([\d.]+)s stime=([\d.]+)s/.exec(result.stderrTail);
  const counted = Number(bench?.[1]) + Number(bench?.[2]);
  assert.ok(result.cpuSeconds >= counted && result.cpuSeconds < counted + 0.5, `${result.cpuSeconds} of ${counted}`);
});

test('the CPU time of a run too short for any sample is read at its very end', async () => {
  const total = 'const { user, system } = process.cpuUsage(); return (user + system) / 1e6';
  const code = `const used = () => { ${total} }; while (used() < 0.3) for (let i = 0; i < 1e6; i += 1); console.error(used())`;
  const { cpuSeconds, stderrTail } = await runProcess(script(code), signal);
  const own = Number(stderrTail);
  // /proc counts in ticks of 10 ms; the end of the process itself costs some more.
  assert.ok(
    own > 0.3 && cpuSeconds > own - 0.03 && cpuSeconds < own + 0.3,
    `${cpuSeconds} s, by its own count ${own} s`,
  );
});

test('ffmpeg sees nothing of the agent’s environment', async () => {
  process.env.MASTER_API_KEY = 'secret';
  const result = await runProcess(
    script('console.error(JSON.stringify(process.env))', { env: { EXTRA: '1' } }),
    signal,
  );
  delete process.env.MASTER_API_KEY;
  const seen = Object.keys(JSON.parse(result.stderrTail)).sort();
  assert.deepEqual(seen, ['EXTRA', 'HOME', 'LANG', 'PATH']);
});

test('a failed run is classified in ffmpeg’s own words', async () => {
  const { outcome } = await runProcess({ program: 'ffmpeg', argv: ['-i', 'absent.mp4', 'out.mp4'], cwd }, signal);
  assert.equal(outcome.kind, 'failed');
  assert.deepEqual(outcome.kind === 'failed' && [outcome.failureClass, outcome.exitCode], ['input', 1]);
});

test('a program that is not there is a lack of this node', async () => {
  const { outcome } = await runProcess({ program: join(cwd, 'ffmpeg'), argv: [], cwd }, signal);
  assert.equal(outcome.kind === 'failed' && outcome.failureClass, 'resource');
});

test('an abort ends ffmpeg, which still closes its file, and the reason is the cause', async () => {
  const controller = new AbortController();
  const onProgress = (snapshot: Snapshot) => {
    if ((snapshot.frame ?? 0) > 0) controller.abort('paused');
  };
  const result = await runProcess({ ...film(3600, '-re'), onProgress }, controller.signal);
  assert.deepEqual(result.outcome, { kind: 'canceled', cause: 'paused' });
  assert.match(result.stderrTail, /received signal 15/);
  assert.ok(result.pid !== null && !isAlive(result.pid));
});

test('what ignores the request to end is killed with all its children', async () => {
  const controller = new AbortController();
  let grandchild = 0;
  const onStderr = (chunk: Buffer) => {
    grandchild = Number(chunk.toString());
    controller.abort('shutdown');
  };
  const stubborn = `process.on('SIGTERM', () => {}); setInterval(() => {}, 1e6);`;
  const code = `${stubborn} console.error(require('child_process').spawn(process.execPath, ['-e', ${JSON.stringify(stubborn)}]).pid)`;
  const result = await runProcess(script(code, { onStderr }), controller.signal);
  assert.deepEqual(result.outcome, { kind: 'canceled', cause: 'shutdown' });
  assert.ok(grandchild > 0 && result.endedAtMs - result.startedAtMs >= 390);
  await gone(grandchild);
});

test('an abort before the start starts nothing', async () => {
  const onSpawn = () => assert.fail('was started');
  const result = await runProcess({ ...film(1), onSpawn }, AbortSignal.abort('stale'));
  assert.deepEqual([result.outcome, result.pid], [{ kind: 'canceled', cause: 'stale' }, null]);
});

test('a run whose progress stands still is ended as stalled', async () => {
  const code = `console.log('frame=1\\nprogress=continue'); setInterval(() => console.log('frame=2\\nprogress=continue'), 20)`;
  const { outcome } = await runProcess(script(code, { stallMs: 400 }), signal);
  const message = 'stalled: no progress for 0.4 s';
  assert.deepEqual(outcome, { kind: 'failed', failureClass: 'unknown', message, exitCode: null });
});

test('a run that moves but takes too long is ended at its limit', async () => {
  const code = `let n = 0; setInterval(() => console.log('frame=' + n++ + '\\nprogress=continue'), 20)`;
  const { outcome } = await runProcess(script(code, { stallMs: 60_000, timeoutMs: 300 }), signal);
  assert.equal(outcome.kind === 'failed' && outcome.message, 'ran longer than its limit of 0.3 s');
});

test('of an endless log the last 64 KiB are kept', async () => {
  const code = `for (let i = 0; i < 5000; i += 1) console.error(String(i).padStart(99))`;
  const { stderrTail } = await runProcess(script(code), signal);
  assert.equal(stderrTail.length, 64 * 1024);
  assert.ok(stderrTail.endsWith('4999\n'));
});

test('kill -9 of the agent leaves no ffmpeg behind', {
  skip: existsSync('/usr/bin/setpriv') ? false : 'no setpriv',
}, async () => {
  const plan = JSON.stringify(film(3600, '-re'));
  const agent = `import { runProcess } from ${JSON.stringify(join(import.meta.dirname, 'run.ts'))};
    let pid; const onSpawn = (value) => { pid = value };
    runProcess({ ...${plan}, onSpawn, onProgress: () => console.log(pid) }, new AbortController().signal);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', agent], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [chunk] = await once(child.stdout, 'data');
  const pid = Number(String(chunk).split('\n')[0]);
  assert.ok(pid > 0 && isAlive(pid));
  const ended = gone(pid);
  child.kill('SIGKILL');
  await ended;
  assert.ok(!isAlive(pid));
});

test('children that an engine leaves behind end with it and do not hold up its end', async () => {
  const child = 'process.on("SIGTERM", () => {}); setInterval(() => {}, 1000);';
  const leaves = `const c = require("child_process").spawn(process.execPath, ["-e", ${JSON.stringify(child)}], { stdio: "inherit" });
    console.error(c.pid); setTimeout(() => process.exit(0), 100)`;
  const result = await runProcess(script(leaves), signal);
  assert.deepEqual(result.outcome, { kind: 'succeeded' });
  assert.ok(result.endedAtMs - result.startedAtMs < 5000, 'it waited for the child it left');
  await gone(Number(result.stderrTail));
});

test('a child that left the group of its engine does not hold the slot for ever', async () => {
  const child = 'setInterval(() => {}, 1000);';
  const leaves = `const c = require("child_process").spawn(process.execPath, ["-e", ${JSON.stringify(child)}], { stdio: "inherit", detached: true });
    console.error(c.pid); c.unref(); process.exit(0)`;
  const result = await runProcess(script(leaves), signal);
  assert.deepEqual(result.outcome, { kind: 'succeeded' });
  const pid = Number(result.stderrTail);
  assert.ok(isAlive(pid), 'nobody can end what has left the group');
  process.kill(pid, 'SIGKILL');
  await gone(pid);
});

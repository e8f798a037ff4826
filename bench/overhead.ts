/**
 * What running a film as a job costs beside running ffmpeg by hand: wall time of the whole attempt, from the lease to
 * the acknowledged result by the master's clock (fetch with digest, probes, engine, upload, report), against bare ffmpeg
 * with the very argv that the attempt's environment names, on a copy of the same input on the same disk. Each pair gets
 * a film of its own, the same streams under another title: its output has another digest and is really sent (a master
 * that holds an output already spares the job some 0.4 s). The interval's bad end decides. Beside it: the seconds of an
 * attempt outside its engine, the engine's CPU time against that of bare ffmpeg, and the CPU time of the agent during
 * the encode.
 *
 * In turn, ABBA, is the published gate: each of the two has the whole machine, as in use, and everything that a job
 * costs counts against it, the master's work too. BENCH_TOGETHER=1 runs the two of a pair at the same time, each on a
 * CPU of its own, and swaps the CPUs from pair to pair, for shared machines, whose speed drifts by a tenth from one
 * minute to the next. It is no substitute: what the master does for the job takes time from bare ffmpeg as well, which
 * flatters the ratio, and two encodes share caches and memory. It tells drift from cost where the interval in turn is
 * wide.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, copyFileSync, mkdirSync, openSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { uploadFile } from '@ffrtmp/runtime/transfer';
import type { Attempt } from '@ffrtmp/shared/job/attempt';
import { engine } from '../tests/support/engine.ts';
import { submit, waitForJob } from '../tests/support/events.ts';
import { attemptsOf } from '../tests/support/film.ts';
import { type RunningAgent, type RunningMaster, startAgent, startMaster } from '../tests/support/fleet.ts';
import type { Scope } from '../tests/support/scope.ts';
import { type Report, runGate, say } from './measure/gate.ts';
import { compile } from './measure/reference.ts';
import { median, medianInterval } from './measure/statistics.ts';

const LIMIT = 1.02;
/** The gate is about encodes of at least 30 s; BENCH_QUICK=1 is for trying the bench itself and decides nothing. */
const quick = process.env.BENCH_QUICK === '1';
const together = process.env.BENCH_TOGETHER === '1';
const PAIRS = Number(process.env.BENCH_PAIRS ?? (quick ? 2 : 6));
/** Twice the least, so that two per cent are over a second; the whole bench takes a quarter of an hour. */
const WANTED_S = quick ? 3 : 60;
const SHORTEST_S = 30;
const TRIAL_FILM_S = 8;
const TICKS_PER_SECOND = 100;
const scenario = 'h264-medium';

interface Bare {
  wallS: number;
  /** As ffmpeg itself reports it at its end. */
  cpuS: number;
}

async function ended(child: ChildProcess): Promise<void> {
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`${child.spawnargs.join(' ')} ended with ${code}`);
}

async function makeFilm(scope: Scope, seconds: number): Promise<string> {
  const path = join(scope.folder('films'), `${Math.round(seconds)}.mp4`);
  const picture = `testsrc2=size=1280x720:rate=30,noise=alls=3:allf=t+u:all_seed=1`;
  const input = ['-f', 'lavfi', '-i', picture, '-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=48000'];
  const encode = ['-c:v', 'libx264', '-preset', 'veryfast', '-crf', '23', '-pix_fmt', 'yuv420p', '-c:a', 'aac'];
  const argv = ['-v', 'error', '-y', '-nostdin', ...input, '-t', String(seconds), ...encode, `file:${path}`];
  await ended(spawn('ffmpeg', argv, { stdio: 'inherit' }));
  return path;
}

/** The same streams under another title, which the output inherits. */
async function retitle(film: string, pair: number): Promise<string> {
  const path = film.replace(/\.mp4$/, `-${pair}.mp4`);
  const input = ['-v', 'error', '-y', '-nostdin', '-i', `file:${film}`, '-map', '0', '-c', 'copy'];
  await ended(spawn('ffmpeg', [...input, '-metadata', `title=pair ${pair}`, `file:${path}`], { stdio: 'inherit' }));
  return path;
}

/** The same arguments in another folder, and nothing else of ours around them; timed from spawn to end. */
async function runBare(scope: Scope, attempt: Attempt, film: string, cpu?: number): Promise<Bare> {
  const [program = '', ...words] = attempt.environment?.argv ?? [];
  const onCpu = cpu === undefined ? [] : ['/usr/bin/taskset', '--cpu-list', String(cpu)];
  const source = words[words.indexOf('-i') + 1]?.replace(/^file:/, '') ?? '';
  const theirs = source.slice(0, source.lastIndexOf('/'));
  const folder = scope.folder('bare');
  mkdirSync(join(folder, 'output'), { recursive: true });
  copyFileSync(film, source.replace(theirs, folder));
  const [command = '', ...argv] = [...onCpu, program, ...words.map((word) => word.replace(theirs, folder))];
  const log = openSync(join(folder, 'log'), 'w');
  const startedMs = performance.now();
  // In a session of its own, as the agent's engines are: Linux shares the CPU by session first.
  await ended(spawn(command, argv, { cwd: folder, detached: true, stdio: ['ignore', 'ignore', log] }));
  const wallS = (performance.now() - startedMs) / 1000;
  closeSync(log);
  const bench = /utime=([\d.]+)s stime=([\d.]+)s/.exec(readFileSync(join(folder, 'log'), 'utf8'));
  rmSync(folder, { recursive: true });
  return { wallS, cpuS: Number(bench?.[1]) + Number(bench?.[2]) };
}

/** Moves a program, with everything it will start, to one CPU. */
const pin = (pid: number, cpu: number) =>
  void execFileSync('/usr/bin/taskset', ['--all-tasks', '--cpu-list', '--pid', String(cpu), String(pid)]);

/** User and system time of the agent's own threads, children not counted. */
function cpuSecondsOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

interface JobRun {
  attempt: Attempt;
  wallS: number;
  engineS: number;
  engineCpuS: number;
  /** Share of one core that the agent itself used while its engine ran. */
  agentCpu: number;
}

async function runJob(master: RunningMaster, agent: RunningAgent, sha256: string): Promise<JobRun> {
  const { id, sequence_number } = await submit(master, { scenario, input: { sha256 } });
  const [, engine = ''] = await agent.program.waitForLine(new RegExp(`"job":${sequence_number},.*"engine_pid":(\\d+)`));
  const [startedMs, before] = [performance.now(), cpuSecondsOf(agent.program.pid)];
  // tail looks twice a second whether the engine still runs, which costs nothing that would be measured.
  await once(spawn('tail', ['--sleep-interval', '0.5', '--pid', engine, '--follow', '/dev/null']), 'close');
  const agentCpu = (cpuSecondsOf(agent.program.pid) - before) / ((performance.now() - startedMs) / 1000);
  const job = await waitForJob(master, id, undefined, 600_000);
  const [attempt] = await attemptsOf(master, id);
  if (job.status !== 'completed' || !attempt?.ended_at) throw new Error(`the job is ${job.status}: ${job.error}`);
  const wallS = (Date.parse(attempt.ended_at) - Date.parse(attempt.leased_at)) / 1000;
  const { duration = Number.NaN, cpu_s = Number.NaN } = attempt.metrics ?? {};
  return { attempt, wallS, engineS: duration, engineCpuS: cpu_s, agentCpu };
}

const rounded = (value: number) => Math.round(value * 10_000) / 10_000;

interface Pair {
  job: JobRun;
  bare: Bare;
}

interface Runs {
  job: () => Promise<JobRun>;
  bare: (cpu?: number) => Promise<Bare>;
}

/** ABBA: which of the two is first changes from pair to pair, so that a drift favours neither. */
async function inTurn(pair: number, { job, bare }: Runs): Promise<Pair> {
  if (pair % 2 === 0) return { job: await job(), bare: await bare() };
  const first = await bare();
  return { job: await job(), bare: first };
}

async function sideBySide(agent: RunningAgent, pair: number, { job, bare }: Runs): Promise<Pair> {
  const cpu = pair % 2;
  pin(agent.program.pid, cpu);
  const [ours, theirs] = await Promise.all([job(), bare(1 - cpu)]);
  return { job: ours, bare: theirs };
}

function judge(pairs: readonly Pair[], filmBytes: number): Omit<Report, 'gate'> {
  const whole = pairs.map(({ job, bare }) => job.wallS / bare.wallS);
  const cpuRatio = median(pairs.map(({ job, bare }) => job.engineCpuS / bare.cpuS));
  const outsideS = median(pairs.map(({ job }) => job.wallS - job.engineS));
  const agentCpu = median(pairs.map(({ job }) => job.agentCpu));
  const bareS = median(pairs.map(({ bare }) => bare.wallS));
  const interval = medianInterval(whole);
  const long = Math.min(...pairs.map(({ bare }) => bare.wallS)) >= SHORTEST_S;
  const range = `${interval.low.toFixed(4)} to ${interval.high.toFixed(4)}`;
  const beside = `${outsideS.toFixed(2)} s outside the engine, its CPU time ${cpuRatio.toFixed(4)}, agent ${(agentCpu * 100).toFixed(2)} % of a core`;
  return {
    passed: long && interval.high <= LIMIT && interval.confidence >= 0.95,
    figures: {
      limit: LIMIT,
      method: together ? 'side by side' : 'in turn',
      pairs: pairs.map(({ job, bare }) => ({
        job_s: job.wallS,
        engine_s: job.engineS,
        bare_s: rounded(bare.wallS),
        engine_cpu_s: job.engineCpuS,
        bare_cpu_s: rounded(bare.cpuS),
      })),
      ratio_median: rounded(median(whole)),
      ratio_low: rounded(interval.low),
      ratio_high: rounded(interval.high),
      confidence: interval.confidence,
      cpu_ratio_median: rounded(cpuRatio),
      outside_engine_s: rounded(outsideS),
      agent_cpu_of_a_core: rounded(agentCpu),
      film_bytes: filmBytes,
      long_enough: long,
    },
    row: {
      what: `wall time of an attempt against bare ffmpeg, ${pairs.length} pairs ${together ? 'side by side' : 'in turn'} of ${bareS.toFixed(0)} s`,
      value: `${median(whole).toFixed(4)} (${range}); ${beside}`,
      limit: `${LIMIT} at the bad end`,
    },
  };
}

await runGate('overhead', async (scope) => {
  compile();
  const master = await startMaster(scope, { compiled: true, args: ['--log-level', 'warn'] });
  const agent = await startAgent(scope, master, {
    address: 'bench',
    compiled: true,
    args: ['--ffmpeg', engine(scope)],
  });
  const trial = await makeFilm(scope, TRIAL_FILM_S);
  const { attempt: first } = await runJob(master, agent, (await uploadFile(master.connection, trial)).sha256);
  const speed = TRIAL_FILM_S / (await runBare(scope, first, trial, together ? 1 : undefined)).wallS;
  const film = await makeFilm(scope, WANTED_S * speed);
  const { size } = statSync(film);
  say(`a film of ${(WANTED_S * speed).toFixed(0)} s and ${(size / 1e6).toFixed(0)} MB, ${PAIRS} pairs`);

  const pairs: Pair[] = [];
  for (let pair = 0; pair < PAIRS; pair += 1) {
    const own = await retitle(film, pair);
    const { sha256 } = await uploadFile(master.connection, own);
    const runs = { job: () => runJob(master, agent, sha256), bare: (cpu?: number) => runBare(scope, first, own, cpu) };
    const { job, bare } = await (together ? sideBySide(agent, pair, runs) : inTurn(pair, runs));
    rmSync(own);
    pairs.push({ job, bare });
    const ratio = (job.wallS / bare.wallS).toFixed(4);
    say(`pair ${pair + 1}: job ${job.wallS.toFixed(2)} s, bare ${bare.wallS.toFixed(2)} s, ${ratio}`);
  }
  return judge(pairs, size);
});

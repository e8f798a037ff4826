import { join } from 'node:path';
import { processesOf } from '../../support/leaks.ts';
import { binary, type Program, startProgram } from '../../support/process.ts';
import type { Scope } from '../../support/scope.ts';
import { until } from '../../support/until.ts';
import { pace } from '../load/pace.ts';
import { quickEngine } from '../load/quick-engine.ts';
import { startSubmitters } from '../load/submitters.ts';
import { type Random, seeded } from '../random.ts';
import { emptyReport, type FaultReport, type FaultRun, inLanes, tally } from '../report.ts';
import { compileCache, openSeat, preload, type Seat } from './seat.ts';

/** Point -> how many arrivals may go by first. A job passes most of them once or twice. */
const points: readonly [string, number][] = [
  ...['before-call', 'sent', 'answered'].flatMap((when): [string, number][] => [
    [`${when}:claim`, 3],
    [`${when}:results`, 2],
    [`${when}:progress`, 3],
    [`${when}:heartbeat`, 1],
    [`${when}:logs`, 2],
  ]),
  ['before-upload:POST', 2],
  ['after-upload:POST', 2],
  ['before-upload:PATCH', 2],
  ['after-upload:PATCH', 2],
  ['before-spawn', 4],
  ['after-spawn', 4],
  ['after-engine', 4],
  ['made-folder', 2],
  ['before-tidy', 2],
  ['after-tidy', 2],
];
const RANDOM_SHARE = 0.15;
const REACH_LIMIT_MS = 3000;
/** A start is 0.6 s; this is for a machine that does many other things. */
const READY_LIMIT_MS = 90_000;
/** Some stay away until their lease has run out; the others come back to a master that still thinks they run. */
const AWAY_SHARE = 0.04;
const AWAY_MS = 7500;
const KILLS_PER_STORE = 100;
const SEATS_OF_AGENTS = 4;
/** The kernel ends an engine with its agent; this is for a busy machine to get round to it. */
const ORPHAN_LIMIT_MS = 2000;
/** Agents begin again and again: jobs that come back to them are lost for good sooner or later, and say so. */
const jobOf = { scenario: '64x36-h264-ultrafast', parameters: { duration: 0.2, width: 64, height: 36 } };

/** Layer C, agents: real ones with a real ffmpeg, killed in all they do; their master lives. */
export const killAgents = ({ faults, seed, inScope, say }: FaultRun): Promise<FaultReport> =>
  inLanes(faults, KILLS_PER_STORE, 1, (kills, round) =>
    inScope(async (scope) => {
      const report = await oneStore(scope, seeded(seed + round), kills);
      say(`store ${round}: ${kills} kills, ${report.facts.jobs} jobs, ${report.violations.length} violations`);
      return report;
    }),
  );

async function oneStore(scope: Scope, random: Random, kills: number): Promise<FaultReport> {
  const seat = await openSeat(scope);
  const { program: master } = await seat.start();
  const report = emptyReport();
  const submitters = startSubmitters({
    ...{ connection: seat.admin, journal: seat.journal, random: random.fork(), name: 'load', clients: 1, maxOpen: 12 },
    openJobs: seat.openJobs,
    request: () => jobOf,
  });
  let left = kills;
  const take = () => left-- > 0 && report.violations.length === 0;
  const seats = Array.from({ length: SEATS_OF_AGENTS }, (_, index) => agentSeat(scope, seat, `agent-${index}`));
  await Promise.all(seats.map((one) => killAgain(one, random.fork(), report, take)));
  await submitters.stop();
  const last = seats.map((one) => one.start({}));
  await Promise.all(last.map((program) => program.waitForLine(/^agent ready/, READY_LIMIT_MS)));
  if (report.violations.length === 0) report.violations.push(...(await seat.allEnded()));
  await Promise.all(last.map((program) => program.stop()));
  await master.stop();
  report.violations.push(...seat.check({ dataDir: seat.dataDir, agentDirs: seat.agentDirs, swept: true }));
  report.facts = { jobs: submitters.submitted(), ...seat.counts() };
  return report;
}

interface AgentSeat {
  dataDir: string;
  start: (env: Record<string, string>) => Program;
}

/** One node that agents come and go on: the same folder, credential and address. */
function agentSeat(scope: Scope, seat: Seat, address: string): AgentSeat {
  const dataDir = scope.folder(address);
  seat.agentDirs.push(dataDir);
  const args = [
    ...['--register', '--master', seat.url, '--api-key', seat.key, '--address', address, '--data-dir', dataDir],
    ...['--allow-master-as-worker', '--yes', '--metrics=false', '--poll-interval', '300ms', '--log-level', 'warn'],
    ...['--ffmpeg', quickEngine(scope)],
  ];
  const usual = { FFRTMP_DIST: '1', NODE_COMPILE_CACHE: compileCache };
  return {
    dataDir,
    start: (env) => startProgram(scope, binary('agent'), args, { name: address, env: { ...usual, ...env } }),
  };
}

/** It registers in peace: an agent that dies between the master’s commit and its own credential has lost its address. */
async function register(seat: AgentSeat): Promise<void> {
  const program = seat.start({});
  await program.waitForLine(/^agent ready/, READY_LIMIT_MS);
  await program.stop();
}

async function killAgain(seat: AgentSeat, random: Random, report: FaultReport, take: () => boolean): Promise<void> {
  await register(seat);
  while (take()) {
    const [point, most] = random.pick(points);
    const fault = { FAULT_POINT: point, FAULT_ARRIVAL: `${random.whole(1, most)}` };
    const atRandom = random.chance(RANDOM_SHARE);
    const program = seat.start({ NODE_OPTIONS: preload('agent-points'), ...(atRandom ? {} : fault) });
    await program.waitForLine(/^agent ready/, READY_LIMIT_MS).catch(() => undefined);
    const gone = new AbortController();
    void program.exited.then(() => gone.abort());
    await pace(atRandom ? random.whole(0, 1500) : REACH_LIMIT_MS, gone.signal);
    program.signal('SIGKILL');
    await program.exited;
    tally(report.counts, /^fault: (.+)$/m.exec(program.stderr())?.[1] ?? 'random');
    report.violations.push(...(await orphansOf(seat)));
    if (random.chance(AWAY_SHARE)) await pace(AWAY_MS, new AbortController().signal);
  }
}

/** An agent that died takes its engines along: whatever still works in its folder is an orphan. */
async function orphansOf({ dataDir }: AgentSeat): Promise<string[]> {
  const jobs = join(dataDir, 'jobs');
  const gone = await until('the end of its engines', () => processesOf(jobs).length === 0, ORPHAN_LIMIT_MS).catch(
    () => false,
  );
  return gone ? [] : processesOf(jobs).map(({ pid, command }) => `an engine outlived its agent: ${pid} ${command}`);
}

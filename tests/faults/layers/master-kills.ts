import { startAgent } from '../../support/fleet.ts';
import type { Scope } from '../../support/scope.ts';
import { type FakeAgent, joinFake, startFakeAgent } from '../load/fake-agent.ts';
import { pace } from '../load/pace.ts';
import { quickEngine } from '../load/quick-engine.ts';
import { mixedRequest, startSubmitters } from '../load/submitters.ts';
import { type Random, seeded } from '../random.ts';
import { emptyReport, type FaultReport, type FaultRun, inLanes, tally } from '../report.ts';
import { openSeat, preload, type Seat } from './seat.ts';

/** Point -> how many arrivals may go by first. Where two are as likely, the rarer event has the smaller number. */
const points: readonly [string, number][] = [
  ...['before', 'in', 'after'].flatMap((when): [string, number][] => [
    [`${when}-commit:submit`, 25],
    [`${when}-commit:claim`, 12],
    [`${when}-commit:result`, 12],
    [`${when}-commit:upload`, 6],
    [`${when}-commit:attempt`, 25],
    [`${when}-commit:job`, 25],
  ]),
  ...['before', 'after'].flatMap((when): [string, number][] => [
    [`${when}-reply:submit`, 25],
    [`${when}-reply:claim`, 8],
    [`${when}-reply:results`, 12],
    [`${when}-reply:upload`, 6],
    [`${when}-reply:progress`, 15],
    [`${when}-reply:heartbeat`, 2],
    [`${when}-reply:logs`, 12],
    [`${when}-reply:cancel`, 1],
  ]),
  ['before-sync', 6],
  ['before-publish', 6],
  ['after-publish', 6],
  ['half-log', 12],
  ['in-checkpoint', 6],
  ['start:statement', 60],
  ['start:exec', 10],
];
/** Every so many kills come at no named point. */
const RANDOM_SHARE = 0.1;
/** A point that is not reached by then is given up for a kill at this very moment. */
const REACH_LIMIT_MS = 2500;
const KILLS_PER_STORE = 25;
const LANES = 2;
const FAKES = 3;

/** Layer C, masters: killed again and again on one store, under load, with agents that live through it. */
export const killMasters = ({ faults, seed, inScope, say }: FaultRun): Promise<FaultReport> =>
  inLanes(faults, KILLS_PER_STORE, LANES, (kills, round) =>
    inScope(async (scope) => {
      const report = await oneStore(scope, seeded(seed + round), kills);
      say(`store ${round}: ${kills} kills, ${report.facts.jobs} jobs, ${report.violations.length} violations`);
      return report;
    }),
  );

async function oneStore(scope: Scope, random: Random, kills: number): Promise<FaultReport> {
  const seat = await openSeat(scope);
  const report = emptyReport();
  let { program } = await seat.start();
  const load = await startLoad(scope, seat, random);
  for (let kill = 0; kill < kills && report.violations.length === 0; kill += 1) {
    // The master that runs now was armed when it started; the first one was not, and falls at a random moment.
    await endOf(program, random);
    tally(report.counts, pointOf(program.stderr()));
    report.violations.push(
      ...seat.check().map((line) => `after kill ${kill + 1}, ${pointOf(program.stderr())}: ${line}`),
    );
    program = await nextMaster(seat, random, kill + 1 < kills, report);
  }
  await load.stopSubmitting();
  if (report.violations.length === 0) report.violations.push(...(await seat.allEnded()));
  await load.end(report.violations.length === 0);
  await program.stop();
  report.violations.push(
    ...seat.check({ dataDir: seat.dataDir, agentDirs: seat.agentDirs, swept: false, journalIsWhole: true }),
  );
  report.violations.push(...lostThoughAlive(seat));
  // Taken back on the word of an older claim that arrived late: work is repeated, no lease was cut short.
  const disowned = seat.lostAttempts().filter((attempt) => attempt.disowned).length;
  report.facts = {
    ...report.facts,
    ...load.facts(),
    ...{ acknowledgements: seat.journal.length, 'attempts disowned': disowned },
    ...seat.counts(),
  };
  return report;
}

const pointOf = (stderr: string) => /^fault: (.+)$/m.exec(stderr)?.[1] ?? 'random';

async function endOf(program: { exited: Promise<unknown>; signal: (name: 'SIGKILL') => void }, random: Random) {
  const gone = new AbortController();
  void program.exited.then(() => gone.abort());
  await pace(random.chance(RANDOM_SHARE) ? random.whole(50, 800) : REACH_LIMIT_MS, gone.signal);
  program.signal('SIGKILL');
  await program.exited;
}

/** Starts the next master, armed; one that falls during its start is a kill like any other, and the next follows. */
async function nextMaster(seat: Seat, random: Random, armed: boolean, report: FaultReport) {
  for (;;) {
    const [point, most] = random.pick(points);
    const fault = {
      NODE_OPTIONS: preload('master-points'),
      FAULT_POINT: point,
      FAULT_ARRIVAL: `${random.whole(1, most)}`,
    };
    const { program, ready } = await seat.start(armed ? fault : {});
    if (ready) return program;
    await program.exited;
    if (!armed || pointOf(program.stderr()) === 'random')
      throw new Error(`a master did not start:\n${program.stderr()}`);
    tally(report.counts, pointOf(program.stderr()));
    tally(report.facts, 'killed while starting');
    report.violations.push(...seat.check());
    if (report.violations.length > 0) armed = false;
  }
}

async function startLoad(scope: Scope, seat: Seat, random: Random) {
  const agents: FakeAgent[] = [];
  for (let index = 0; index < FAKES; index += 1) {
    const joined = await joinFake(seat.admin, `fake-${index}`, 3);
    const settings = { url: seat.url, journal: seat.journal, slots: 3, workMs: 150, uploads: 0.4 };
    agents.push(startFakeAgent({ ...settings, ...joined, random: random.fork() }));
  }
  const real = await startAgent(
    scope,
    { url: seat.url, adminKey: seat.key, dataDir: seat.dataDir },
    {
      address: 'real',
      compiled: true,
      args: ['--ffmpeg', quickEngine(scope, { paced: true }), '--metrics=false', '--poll-interval', '300ms'],
    },
  );
  seat.agentDirs.push(real.dataDir);
  const submitters = startSubmitters({
    ...{ connection: seat.admin, journal: seat.journal, random: random.fork(), name: 'load', clients: 4, maxOpen: 30 },
    // As long as an encode at the speed of playback takes: it outlives several masters.
    request: (source) => ({ ...mixedRequest(source), parameters: { duration: 2, width: 64, height: 36 } }),
  });
  return {
    stopSubmitting: submitters.stop,
    facts: () => ({ jobs: submitters.submitted() }),
    async end(sound: boolean) {
      await Promise.all(agents.map((agent) => (sound ? agent.drain() : agent.stop())));
      await real.program.stop();
    },
  };
}

/** P5b: all agents lived, so no master that was away for a moment may have cost an attempt its lease. */
const lostThoughAlive = (seat: Seat): string[] =>
  seat.lostAttempts().map(({ id, text }) => `P5b: attempt ${id} was lost though its agent lived (${text})`);

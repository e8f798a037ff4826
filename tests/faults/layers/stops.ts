import { join } from 'node:path';
import { type Program, repository, startProgram } from '../../support/process.ts';
import type { Scope } from '../../support/scope.ts';
import type { JournalEntry } from '../check/journal.ts';
import { joinFake } from '../load/fake-agent.ts';
import { pace } from '../load/pace.ts';
import { mixedRequest, startSubmitters } from '../load/submitters.ts';
import { type Random, seeded } from '../random.ts';
import { emptyReport, type FaultReport, type FaultRun, inLanes, merge, tally } from '../report.ts';
import { LEASE_MS, openSeat, preload, type Seat } from './seat.ts';

const FAULTS_PER_STORE = 60;
const AGENTS = 8;
/** Some are never stopped: work has to go on with them. */
const STOPPED_AGENTS = 4;
/** Of every four faults one is a clock that jumps and three are processes that stand still. */
const JUMP_SHARE = 0.25;
const JUMP_EVERY_MS = 800;
const HOUR_MS = 3_600_000;
const never = new AbortController().signal;

/** Layer G: agents and masters that stand still for 0.5 to 3 leases, and wall clocks that jump by an hour. */
export const stopProcesses = ({ faults, seed, inScope, say }: FaultRun): Promise<FaultReport> =>
  inLanes(faults, FAULTS_PER_STORE, 1, async (size, round) => {
    const jumps = Math.ceil(size * JUMP_SHARE);
    const [stood, jumped] = await Promise.all([
      inScope((scope) => standstill(scope, seeded(seed + round), size - jumps)),
      inScope((scope) => clockJumps(scope, seeded(seed - round), jumps)),
    ]);
    const report = merge(stood, jumped);
    say(`stores of round ${round}: ${size} faults, ${report.facts.jobs} jobs, ${report.violations.length} violations`);
    return report;
  });

async function standstill(scope: Scope, random: Random, faults: number): Promise<FaultReport> {
  const seat = await openSeat(scope);
  const { program: master } = await seat.start();
  const load = await startLoad(scope, seat, random, () => ({}));
  const report = emptyReport();
  const stoodStill: { from: number; until: number }[] = [];
  let left = faults;
  async function stopAgain(name: string, program: Program, chance: Random): Promise<void> {
    while (left-- > 0) {
      await pace(chance.whole(300, 1500), never);
      const leases = 0.5 + 2.5 * chance.next();
      const from = Date.now();
      program.signal('SIGSTOP');
      await pace(leases * LEASE_MS, never);
      program.signal('SIGCONT');
      if (name === 'master') stoodStill.push({ from, until: Date.now() });
      tally(
        report.counts,
        `${name} stood still for ${leases < 1 ? '0.5 to 1 lease' : leases < 2 ? '1 to 2 leases' : '2 to 3 leases'}`,
      );
    }
  }
  const stoppers = [
    ['master', master] as const,
    ...load.agents.slice(0, STOPPED_AGENTS).map((agent) => ['agent', agent] as const),
  ];
  await Promise.all(stoppers.map(([name, program]) => stopAgain(name, program, random.fork())));
  report.facts = await load.end(master, report);
  const files = { dataDir: seat.dataDir, journalIsWhole: true };
  report.violations.push(...seat.check({ ...files, stoodStill, renewalsUnknown: true }));
  return report;
}

/** `[after ms, shift ms]` for the clock preload: an hour ahead, an hour behind, and right again. */
function jumpsOf(random: Random, count: number): string {
  const shifts = [HOUR_MS, -HOUR_MS, 0];
  return JSON.stringify(
    Array.from({ length: count }, (_, index) => [
      2000 + index * JUMP_EVERY_MS + random.whole(0, 400),
      shifts[index % shifts.length],
    ]),
  );
}

async function clockJumps(scope: Scope, random: Random, faults: number): Promise<FaultReport> {
  const seat = await openSeat(scope);
  const each = Math.max(1, Math.ceil(faults / 3));
  const clock = () => ({ NODE_OPTIONS: preload('clock'), FAULT_CLOCK: jumpsOf(random, each) });
  const { program: master } = await seat.start(clock());
  // Two agents have wrong clocks, the others none, and the master has one too.
  const load = await startLoad(scope, seat, random, (index) => (index < 2 ? clock() : {}));
  const report = emptyReport();
  await pace(2500 + each * JUMP_EVERY_MS, never);
  tally(report.counts, 'clock of the master jumped by an hour', each);
  tally(report.counts, 'clock of an agent jumped by an hour', Math.max(0, faults - each));
  report.facts = await load.end(master, report);
  // Wall clocks say nothing here: everything but time is checked, and that nobody lost work by them.
  report.violations.push(...seat.check({ leaseMs: undefined, dataDir: seat.dataDir, journalIsWhole: true }));
  report.violations.push(
    ...seat.lostAttempts().map(({ id, text }) => `a clock that jumped cost attempt ${id} (${text})`),
  );
  return report;
}

async function startLoad(scope: Scope, seat: Seat, random: Random, env: (index: number) => Record<string, string>) {
  const agents: Program[] = [];
  for (let index = 0; index < AGENTS; index += 1) {
    const joined = await joinFake(seat.admin, `fake-${index}`, 2);
    const settings = { url: seat.url, slots: 2, workMs: 1500, uploads: 0.3, seed: random.whole(0, 1e9), ...joined };
    const file = join(repository, 'tests', 'faults', 'load', 'fake-agent-process.ts');
    const variables = { FAKE_AGENT: JSON.stringify(settings), ...env(index) };
    agents.push(startProgram(scope, process.execPath, [file], { name: `fake ${index}`, env: variables }));
  }
  const submitters = startSubmitters({
    ...{ connection: seat.admin, journal: seat.journal, random: random.fork(), name: 'load', clients: 2, maxOpen: 20 },
    ...{ openJobs: seat.openJobs, request: (source) => ({ ...mixedRequest(source), not_before: undefined }) },
  });
  return {
    agents,
    async end(master: Program, report: FaultReport): Promise<Record<string, number>> {
      await submitters.stop();
      report.violations.push(...(await seat.allEnded()));
      await Promise.all(agents.map((agent) => agent.stop()));
      for (const agent of agents)
        for (const line of agent.stdout().split('\n'))
          if (line.startsWith('{')) seat.journal.push(JSON.parse(line) as JournalEntry);
      seat.journal.sort((one, other) => one.at - other.at);
      await master.stop();
      return { jobs: submitters.submitted(), acknowledgements: seat.journal.length, ...seat.counts() };
    },
  };
}

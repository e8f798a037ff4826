import { openConnection } from '@ffrtmp/runtime/connect';
import { startAgent } from '../../support/fleet.ts';
import { type NetworkFault, startProxy } from '../../support/proxy.ts';
import type { Scope } from '../../support/scope.ts';
import { until } from '../../support/until.ts';
import { joinFake, startFakeAgent } from '../load/fake-agent.ts';
import { quickEngine } from '../load/quick-engine.ts';
import { mixedRequest, startSubmitters } from '../load/submitters.ts';
import { type Random, seeded } from '../random.ts';
import { emptyReport, type FaultReport, type FaultRun, inLanes, sum, tally } from '../report.ts';
import { openSeat } from './seat.ts';

const FAULTS_PER_STORE = 500;
/** Share of requests that something happens to; the others show that the network works in between. */
const FAULT_SHARE = 0.12;
/** Beyond the lease of 5 s: a heartbeat that hangs for so long costs the attempts of its agent. */
const MAX_HANG_MS = 6500;
const STORE_LIMIT_MS = 300_000;
const FAKES = 3;

const kinds: readonly NetworkFault['kind'][] = [
  ...(['reset-before', 'reset-after', 'reset-during', 'cut-request', 'cut-reply', 'duplicate'] as const),
  ...(['half-open', 'half-open-after', 'late-duplicate', 'delay', 'delay-reply'] as const),
];

function faultOf(random: Random): NetworkFault {
  const kind = random.pick(kinds);
  const hangs = kind === 'half-open' || kind === 'half-open-after';
  const most = hangs && random.chance(0.2) ? MAX_HANG_MS : kind === 'late-duplicate' ? 3000 : 600;
  return { kind, ms: random.whole(5, most) };
}

/** `POST /attempts/01a1/progress` -> `progress`: what was under way, for the counts. */
function callOf(method: string, path: string): string {
  if (path === '/jobs/next') return 'claim';
  if (path.startsWith('/files')) return `${method} files`;
  if (path === '/jobs') return 'submit';
  return path.split('/').at(-1) ?? path;
}

/** Layer F: a network that cuts, doubles, delays and swallows, between one master and real and fake agents. */
export const cutConnections = ({ faults, seed, inScope, say }: FaultRun): Promise<FaultReport> =>
  inLanes(faults, FAULTS_PER_STORE, 1, (size, round) =>
    inScope(async (scope) => {
      const report = await oneStore(scope, seeded(seed + round), size);
      say(`store ${round}: ${size} faults, ${report.facts.jobs} jobs, ${report.violations.length} violations`);
      return report;
    }),
  );

async function oneStore(scope: Scope, random: Random, faults: number): Promise<FaultReport> {
  const seat = await openSeat(scope);
  const { program: master } = await seat.start();
  const report = emptyReport();
  let rough = false;
  const proxy = await startProxy(scope, seat.url, (method, path) => {
    if (!rough || sum(report.counts) >= faults || !random.chance(FAULT_SHARE)) return undefined;
    const fault = faultOf(random);
    tally(report.counts, `${fault.kind} ${callOf(method, path)}`);
    return fault;
  });
  const fakes = await Promise.all(
    Array.from({ length: FAKES }, async (_, index) => {
      const joined = await joinFake(seat.admin, `fake-${index}`, 3);
      const settings = { url: proxy.url, journal: seat.journal, slots: 3, workMs: 100, uploads: 0.4 };
      return startFakeAgent({ ...settings, ...joined, random: random.fork() });
    }),
  );
  const real = await startAgent(
    scope,
    { url: proxy.url, adminKey: seat.key, dataDir: seat.dataDir },
    {
      address: 'real',
      compiled: true,
      args: ['--ffmpeg', quickEngine(scope), '--metrics=false', '--poll-interval', '300ms'],
    },
  );
  seat.agentDirs.push(real.dataDir);
  const through = openConnection({ url: proxy.url, key: seat.key, ca: undefined });
  scope.onEnd(() => through.close());
  const submitters = startSubmitters({
    ...{ connection: through, journal: seat.journal, random: random.fork(), name: 'load', clients: 4, maxOpen: 30 },
    ...{ openJobs: seat.openJobs, request: mixedRequest },
  });
  rough = true;
  await until(`${faults} faults`, () => sum(report.counts) >= faults, STORE_LIMIT_MS);
  await submitters.stop();
  report.violations.push(...(await seat.allEnded()));
  await Promise.all(fakes.map((fake) => (report.violations.length === 0 ? fake.drain() : fake.stop())));
  await real.program.stop();
  await proxy.close();
  await master.stop();
  const files = { dataDir: seat.dataDir, agentDirs: seat.agentDirs };
  report.violations.push(...seat.check({ ...files, journalIsWhole: true, renewalsUnknown: true }));
  report.facts = { jobs: submitters.submitted(), acknowledgements: seat.journal.length, ...seat.counts() };
  return report;
}

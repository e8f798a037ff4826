import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AgentHost, createAgentHost } from './agent-host.ts';
import { chanceOf } from './chance.ts';
import { startClient } from './clients.ts';
import { startFaults } from './faults.ts';
import { createMasterHost, type MasterFates, type MasterHost } from './master-host.ts';
import { createNetwork, type Network, type Weather } from './network.ts';
import { type Observed, observe } from './observe.ts';
import { makePeace } from './peace.ts';
import { type Plan, planOf } from './plan.ts';
import { judge } from './verdict.ts';
import { createWorld, type World } from './world.ts';

/** Everything of one simulation. */
export interface Stage {
  world: World;
  plan: Plan;
  /** The network's weather now. */
  sky: { weather: Weather };
  fates: MasterFates;
  master: MasterHost;
  network: Network;
  agents: readonly AgentHost[];
  observed: Observed;
  /** How often each fault happened. */
  points: Record<string, number>;
}

export interface Outcome {
  seed: number;
  /** What did not hold, as sentences. */
  violations: string[];
  /** Of the whole trace and the last rows: the same seed has the same. */
  hash: string;
  points: Record<string, number>;
  jobs: number;
  virtualMs: number;
}

export interface SimulateOptions {
  seed: number;
  /** Gets each line of the trace. */
  print?: (line: string) => void;
}

/** How long the master's machine takes to start it again. */
const RESTART_MS = [50, 4000] as const;
/** A simulation that has not come to rest by then hangs: three backoffs and some leases are minutes. */
const LIMIT_MS = 28 * 60_000;
/** Files of a simulation belong in memory: nothing of it has to survive this machine. */
const SCRATCH = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

function build(seed: number, folder: string, print: SimulateOptions['print']): Stage {
  const chance = chanceOf(`seed ${seed}`);
  const world = createWorld(chance, print);
  const plan = planOf(chance.fork('plan'));
  const points: Record<string, number> = {};
  const sky = { weather: plan.weather };
  const fates: MasterFates = { death: undefined, full: 'no', offsetMs: 0 };
  const observed = observe(world, plan, points);
  const keeper = world.life('keeper of the master');
  const restarts = chance.fork('restarts');
  const master = createMasterHost({
    ...{ world, folder, leaseMs: plan.leaseMs, fates },
    onReady: observed.masterReady,
    onDeath(point) {
      observed.count(`master dies ${point}`);
      network.broken();
      world.schedule(restarts.between(...RESTART_MS), keeper, master.start);
    },
  });
  const network: Network = createNetwork({
    ...{ world, master, weather: () => sky.weather },
    onArrived: observed.arrived,
    onPerformed: observed.performed,
    onAnswered: observed.answered,
  });
  const agents = plan.agents.map((settings) =>
    createAgentHost({ world, network, folder, settings, onPublish: observed.publishing }),
  );
  observed.watch(agents);
  return { world, plan, sky, fates, master, network, agents, observed, points };
}

async function play(stage: Stage): Promise<string[]> {
  const { world, plan, master, agents, network, observed } = stage;
  master.start();
  for (const agent of agents) agent.start();
  const faults = startFaults(stage);
  const jobs: string[] = [];
  const clients = plan.clients.map((pauseMs, index) =>
    startClient({ world, network, name: `client-${index}`, pauseMs, jobs, journal: observed.journal }),
  );
  await world.pass(() => false, plan.busyMs);
  faults.cease();
  for (const client of clients) client.stop();
  world.note('faults have ceased');
  const peace = makePeace(stage);
  await world.pass(peace.over, LIMIT_MS - world.nowMs());
  return peace.over() ? peace.complaints() : ['P2: the simulation does not come to rest'];
}

/** Plays one seed: faults and work, then peace, then judgement. The same seed gives the same trace, bit for bit. */
export async function simulate({ seed, print }: SimulateOptions): Promise<Outcome> {
  const folder = mkdtempSync(join(SCRATCH, `ffrtmp-seed-${seed}-`));
  const stage = build(seed, folder, print);
  const { world, master, agents, points } = stage;
  const uncaught = (error: unknown) => void world.faults.push(String((error as Error)?.stack ?? error));
  process.on('unhandledRejection', uncaught);
  try {
    const complaints = await play(stage);
    for (const agent of agents) agent.kill();
    master.close();
    const { violations, rows, jobs } = judge(stage);
    world.note(rows);
    const all = [...complaints, ...violations, ...world.faults.map((fault) => `nobody caught: ${fault}`)];
    return { seed, violations: all, hash: world.traceHash(), points, jobs, virtualMs: world.nowMs() };
  } finally {
    process.off('unhandledRejection', uncaught);
    for (const agent of agents) agent.kill();
    master.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

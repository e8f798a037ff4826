import { openScope } from '../support/scope.ts';
import { killAgents } from './layers/agent-kills.ts';
import { hardships } from './layers/hardships.ts';
import { killMasters } from './layers/master-kills.ts';
import { cutConnections } from './layers/network.ts';
import { stopProcesses } from './layers/stops.ts';
import { run as compareModel } from './model/campaign.ts';
import { plantBugs } from './mutants/campaign.ts';
import { emptyReport, type FaultRun, type Layer, tally } from './report.ts';
import { run as simulate } from './simulation/campaign.ts';

/** Steps of one sequence of layer A in a long run. */
const STEPS = 200;

const model: Layer = async ({ faults, seed }) => {
  const { ran, failed, points } = await compareModel({ runs: faults, commands: STEPS, seed });
  return { counts: points, violations: failed, facts: {}, trials: ran };
};

/** Seeds go on where the last run of this commit ended. */
const simulation: Layer = async ({ faults, before }) => {
  const { ran, points, violations, jobs } = await simulate({ seeds: faults, from: before + 1 });
  return { counts: points, violations, facts: { jobs }, trials: ran };
};

/** Each hardship in turn, so often that N have been met. */
async function meetHardships({ faults, inScope, say }: FaultRun) {
  const report = emptyReport();
  const all = Object.entries(hardships);
  for (let met = 0; met < faults && report.violations.length === 0; met += 1) {
    const [name, hardship] = all[met % all.length] ?? [];
    if (name === undefined || hardship === undefined) break;
    const { violations, skipped } = await inScope(hardship);
    if (skipped === undefined) tally(report.counts, name);
    else say(`${name}: ${skipped}`);
    report.violations.push(...violations.map((line) => `${name}: ${line}`));
  }
  return report;
}

/** What `make campaign LAYER=..` knows; D, E and J need what this machine may not have. */
export const layers: Record<string, { run: Layer; unit: string }> = {
  A: { run: model, unit: `sequences of up to ${STEPS} steps` },
  B: { run: simulation, unit: 'seeds' },
  'C-master': { run: killMasters, unit: 'kills of a master' },
  'C-agent': { run: killAgents, unit: 'kills of an agent' },
  F: { run: cutConnections, unit: 'network faults' },
  G: { run: stopProcesses, unit: 'stops and clock jumps' },
  H: { run: meetHardships, unit: 'hardships' },
  L: { run: plantBugs, unit: 'seeded bugs' },
};

/** One name for several, each with N of its own. */
export const groups: Record<string, string[]> = { C: ['C-master', 'C-agent'] };

/** A world for one round, undone at its end whatever happened. */
export async function inScope<T>(work: (scope: ReturnType<typeof openScope>) => Promise<T>): Promise<T> {
  const ends: (() => Promise<void>)[] = [];
  const context = {
    name: 'campaign',
    after: (end: () => Promise<void>) => void ends.push(end),
    diagnostic: () => undefined,
  };
  const scope = openScope(context, { leavesTemporaries: 'processes are killed' });
  try {
    return await work(scope);
  } finally {
    for (const end of ends) await end();
  }
}

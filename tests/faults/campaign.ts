import { execFileSync } from 'node:child_process';
import { repository } from '../support/process.ts';
import { openScope, type Scope } from '../support/scope.ts';
import { buildOnce } from './built.ts';
import { killAgents } from './layers/agent-kills.ts';
import { killMasters } from './layers/master-kills.ts';
import { cutConnections } from './layers/network.ts';
import { stopProcesses } from './layers/stops.ts';
import { type CampaignState, readState, writePage, writeState } from './record.ts';
import { countText, emptyReport, type Layer, merge, sum } from './report.ts';

/** `make campaign LAYER=C N=1000 [RESUME=1]`: the long runs. It ends by itself, and with 1 when a promise was broken. */
const layers: Record<string, { run: Layer; unit: string }> = {
  'C-master': { run: killMasters, unit: 'kills of a master' },
  'C-agent': { run: killAgents, unit: 'kills of an agent' },
  F: { run: cutConnections, unit: 'network faults' },
  G: { run: stopProcesses, unit: 'stops and clock jumps' },
};
const groups: Record<string, string[]> = { C: ['C-master', 'C-agent'] };

const say = (line: string) => void process.stdout.write(`${line}\n`);

/** A world for one round, undone at its end whatever happened. */
async function inScope<T>(work: (scope: Scope) => Promise<T>): Promise<T> {
  const ends: (() => Promise<void>)[] = [];
  const context = { name: 'campaign', after: (end: () => Promise<void>) => void ends.push(end), diagnostic: say };
  const scope = openScope(context, { leavesTemporaries: 'processes are killed' });
  try {
    return await work(scope);
  } finally {
    for (const end of ends) await end();
  }
}

const git = (...words: string[]) => execFileSync('git', words, { cwd: repository, encoding: 'utf8' }).trim();

/** The commit that was tested; a tree with changes is named as such and adds up with nothing. */
function commitName(): string {
  try {
    const commit = git('rev-parse', '--short=12', 'HEAD');
    return git('status', '--porcelain', '--untracked-files=no') === '' ? commit : `${commit}+changes`;
  } catch {
    return 'unknown';
  }
}

function begin(layer: string, commit: string, resume: boolean): CampaignState {
  const empty: CampaignState = { layer, commit, report: emptyReport(), seconds: 0, runs: 0 };
  const before = resume ? readState(layer) : undefined;
  if (!before) return empty;
  if (before.commit !== commit || commit.endsWith('+changes') || commit === 'unknown')
    throw new Error(
      `layer ${layer} was counted at ${before.commit}, this is ${commit}: counts of two programs do not add up`,
    );
  return before;
}

async function runLayer(name: string, faults: number, resume: boolean): Promise<boolean> {
  const layer = layers[name];
  if (!layer)
    throw new Error(`there is no layer ${name}: ${[...Object.keys(groups), ...Object.keys(layers)].join(', ')}`);
  const state = begin(name, commitName(), resume);
  const startMs = performance.now();
  // A seed of its own for each run, or what is added up would be the same faults again.
  const seed = Number(process.env.SEED ?? Date.now() % 1_000_000_007);
  say(
    `layer ${name}: ${faults} ${layer.unit} at ${state.commit}, seed ${seed}, ${sum(state.report.counts)} counted before`,
  );
  const report = await layer.run({ faults, seed, inScope, say });
  merge(state.report, report);
  state.seconds += (performance.now() - startMs) / 1000;
  state.runs += 1;
  writeState(state);
  writePage(state);
  say(
    `${sum(report.counts)} ${layer.unit} in ${Math.round((performance.now() - startMs) / 1000)} s: ${countText(report.counts)}`,
  );
  say(`facts: ${countText(report.facts)}`);
  for (const violation of report.violations) say(`VIOLATION ${violation}`);
  say(
    `layer ${name}: ${report.violations.length} violations; ${sum(state.report.counts)} faults of this commit in all`,
  );
  return report.violations.length === 0;
}

const { LAYER = '', N = '', RESUME = '' } = process.env;
const wanted = groups[LAYER] ?? [LAYER];
const faults = Number(N);
if (!Number.isInteger(faults) || faults < 1) throw new Error(`N=${N}: how many faults?`);
buildOnce();
let sound = true;
for (const name of wanted) sound = (await runLayer(name, faults, RESUME !== '' && RESUME !== '0')) && sound;
process.exitCode = sound ? 0 : 1;

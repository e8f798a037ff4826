import { execFileSync } from 'node:child_process';
import { repository } from '../support/process.ts';
import { buildOnce } from './built.ts';
import { groups, inScope, layers } from './layers.ts';
import { type CampaignState, readState, writePage, writeState } from './record.ts';
import { countText, emptyReport, merge, trialsOf } from './report.ts';

/** A run whose layers are over ends within this. */
const END_LIMIT_MS = 15_000;

/** `make campaign LAYER=C N=1000 [RESUME=1]`: the long runs. It ends by itself, and with 1 when a promise was broken. */
const say = (line: string) => void process.stdout.write(`${line}\n`);

const git = (...words: string[]) => execFileSync('git', words, { cwd: repository, encoding: 'utf8' }).trim();

/** The commit that was tested; a tree with changes is named as such and adds up with nothing. The page is written here. */
function commitName(): string {
  try {
    const commit = git('rev-parse', '--short=12', 'HEAD');
    return git('status', '--porcelain', '--', '.', ':!docs/reference/campaign.md') === ''
      ? commit
      : `${commit}+changes`;
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
  const before = trialsOf(state.report);
  const startMs = performance.now();
  // A seed of its own for each run, or what is added up would be the same faults again.
  const seed = Number(process.env.SEED ?? Date.now() % 1_000_000_007);
  say(`layer ${name}: ${faults} ${layer.unit} at ${state.commit}, seed ${seed}, ${before} counted before`);
  const report = await layer.run({ faults, seed, before, inScope, say });
  merge(state.report, report);
  state.seconds += (performance.now() - startMs) / 1000;
  state.runs += 1;
  writeState(state);
  writePage(state);
  say(
    `${trialsOf(report)} ${layer.unit} in ${Math.round((performance.now() - startMs) / 1000)} s: ${countText(report.counts)}`,
  );
  say(`facts: ${countText(report.facts)}`);
  for (const violation of report.violations) say(`VIOLATION ${violation}`);
  say(`layer ${name}: ${report.violations.length} violations; ${trialsOf(state.report)} of this commit in all`);
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
// Everything it started has ended by now; what keeps it alive is a fault of its own, said and ended.
setTimeout(() => {
  say(`still alive after the last layer: ${process.getActiveResourcesInfo().join(', ')}`);
  process.exit(1);
}, END_LIMIT_MS).unref();

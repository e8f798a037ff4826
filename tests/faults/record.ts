import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { repository } from '../support/process.ts';
import { countText, type FaultReport, trialsOf } from './report.ts';

/** What was counted of one layer at one commit; runs with RESUME=1 add up in it. */
export interface CampaignState {
  layer: string;
  commit: string;
  report: FaultReport;
  seconds: number;
  runs: number;
  /** The day of the last run. */
  date?: string;
}

const folder = join(repository, 'out', 'campaign');
const page = join(repository, 'docs', 'reference', 'campaign.md');
const pathOf = (layer: string) => join(folder, `${layer}.json`);

export function readState(layer: string): CampaignState | undefined {
  return existsSync(pathOf(layer)) ? (JSON.parse(readFileSync(pathOf(layer), 'utf8')) as CampaignState) : undefined;
}

export function writeState(state: CampaignState): void {
  mkdirSync(folder, { recursive: true });
  state.date = new Date().toISOString().slice(0, 10);
  writeFileSync(pathOf(state.layer), `${JSON.stringify(state, null, 2)}\n`);
}

/** The rows of one layer: what was done, how often, what was found, and what that bounds. Pure. */
export function sectionOf({ layer, commit, report, seconds, runs, date = '' }: CampaignState): string {
  const faults = trialsOf(report);
  const failures = report.violations.length;
  const bounds = failures === 0 && !report.listed;
  const bound = bounds ? `0 failures in ${faults} bound the rate at ${(3 / faults).toPrecision(2)} (3/N)` : '';
  const lines = [
    `## Layer ${layer}`,
    '',
    `\`make campaign LAYER=${layer} N=${faults}\`${runs > 1 ? `, added up over ${runs} runs` : ''}: ${faults} trials in ${Math.round(seconds / 60)} min, **${failures} failures**; commit \`${commit}\`, ${date}. ${bound}`.trim(),
    '',
    ...(Object.keys(report.facts).length > 0 ? [`Beside them: ${countText(report.facts)}.`, ''] : []),
    '| fault | times |',
    '|---|---|',
    ...Object.entries(report.counts)
      .sort(([one], [other]) => one.localeCompare(other))
      .map(([name, count]) => `| ${name} | ${count} |`),
    ...report.violations.slice(0, 20).map((line) => `\nFound: ${line}`),
  ];
  return `${lines.join('\n')}\n`;
}

const begins = (layer: string) => `## Layer ${layer}\n`;

/** Puts a layer's section in the place of its old one, or at the end. Text of others stays. Pure. */
export function withSection(text: string, layer: string, section: string): string {
  const start = text.indexOf(begins(layer));
  if (start < 0) return `${text.trimEnd()}\n\n${section}`;
  const next = text.indexOf('\n## ', start + 1);
  return next < 0 ? text.slice(0, start) + section : `${text.slice(0, start)}${section}${text.slice(next)}`;
}

const HEAD = `# The fault campaign: last figures

Written by \`make campaign LAYER=.. N=.. [RESUME=1]\`, which breaks real processes and the network between them. A
failure is a sentence of the [independent checker](../../tests/faults/check/check.ts): it knows the tables, the journal of
what was acknowledged and the promises, and none of the code that keeps them.
`;

export function writePage(layer: CampaignState): void {
  const before = existsSync(page) ? readFileSync(page, 'utf8') : HEAD;
  writeFileSync(page, withSection(before, layer.layer, sectionOf(layer)));
}

import { emptyReport, type Layer, tally } from '../report.ts';
import type { Bug, Look } from './bug.ts';
import { copySources } from './copy.ts';
import { falseAlarms, hunt } from './hunt.ts';
import { leaseBugs } from './lease-bugs.ts';
import { queueBugs } from './queue-bugs.ts';
import { storeBugs } from './store-bugs.ts';

const all: readonly Bug[] = [...leaseBugs, ...storeBugs, ...queueBugs];

/** Every bug there is, those of every change first. */
export const bugs: readonly Bug[] = [...all.filter((bug) => bug.everyChange), ...all.filter((bug) => !bug.everyChange)];

/** Layer L: puts one bug after the other into a copy of the sources and sees who notices. */
export const plantBugs: Layer = ({ faults, inScope, say }) =>
  inScope(async (scope) => {
    const report = { ...emptyReport(), listed: true };
    const ground = { scope, copy: copySources(scope.folder('copy')) };
    const made: Look[] = [];
    if (faults > bugs.length) say(`there are ${bugs.length} bugs`);
    for (const bug of bugs.slice(0, faults)) {
      const verdict = await hunt(ground, bug);
      tally(report.counts, `${bug.look.layer}: ${bug.name}`);
      say(`${bug.look.layer}: ${bug.name}: ${verdict.caught?.split('\n')[0] ?? 'NOT NOTICED'}`);
      if (verdict.caught === undefined) report.violations.push(`nobody notices that ${bug.name}: ${verdict.story}`);
      else made.push(verdict.made);
      tally(report.facts, `noticed by ${bug.look.layer}`, Number(verdict.caught !== undefined));
    }
    const alarms = await falseAlarms(ground, made);
    report.violations.push(...alarms.map((story) => `something is found without a bug: ${story}`));
    return report;
  });

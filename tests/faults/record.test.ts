import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CampaignState, sectionOf, withSection } from './record.ts';
import { emptyReport, inLanes, merge, trialsOf } from './report.ts';

const state = (fields: Partial<CampaignState> = {}): CampaignState => ({
  layer: 'F',
  commit: 'abc',
  report: { counts: { 'reset-before claim': 2, 'delay submit': 1 }, violations: [], facts: { jobs: 7 } },
  seconds: 120,
  runs: 1,
  date: '2026-11-20',
  ...fields,
});

test('A layer’s section says what was done, how often, at which commit, and what no failure bounds', () => {
  const section = sectionOf(state());
  assert.match(section, /^## Layer F\n/);
  assert.match(
    section,
    /make campaign LAYER=F N=3`: 3 trials in 2 min, \*\*0 failures\*\*; commit `abc`, 2026-11-20\./,
  );
  assert.match(section, /0 failures in 3 bound the rate at 1\.0 \(3\/N\)/);
  assert.match(section, /\| delay submit \| 1 \|\n\| reset-before claim \| 2 \|/);
  assert.match(section, /Beside them: jobs 7\./);
});

test('A failure is shown and bounds nothing', () => {
  const section = sectionOf(
    state({ report: { ...emptyReport(), counts: { x: 1 }, violations: ['I2: job j is gone'] } }),
  );
  assert.match(section, /\*\*1 failures\*\*/);
  assert.match(section, /Found: I2: job j is gone/);
  assert.doesNotMatch(section, /bound the rate/);
  assert.doesNotMatch(sectionOf(state({ report: { ...emptyReport(), counts: { x: 1 }, listed: true } })), /bound the/);
});

test('A section takes the place of its layer’s old one and leaves the others as they are', () => {
  const [c, f, g] = ['C', 'F', 'G'].map((layer) => sectionOf(state({ layer })));
  const page = [`# Head\n`, c, f, g].reduce((text = '', section) =>
    text === '' ? `${section}` : `${text}\n${section}`,
  );
  const fresh = sectionOf(state({ layer: 'F', seconds: 600 }));
  const once = withSection(page ?? '', 'F', fresh);
  assert.equal(withSection(once, 'F', fresh), once);
  assert.deepEqual(once.match(/^## Layer \w/gm), ['## Layer C', '## Layer F', '## Layer G']);
  assert.match(once, /3 trials in 10 min/);
  assert.match(withSection('# Head\n', 'F', fresh), /^# Head\n\n## Layer F/);
});

test('Runs add up, and one trial may meet many faults', () => {
  const sum = merge(state().report, { counts: { 'delay submit': 4 }, violations: ['x'], facts: { jobs: 1 } });
  assert.deepEqual([sum.counts['delay submit'], sum.facts.jobs, sum.violations, trialsOf(sum)], [5, 8, ['x'], 7]);
  assert.equal(trialsOf(merge(emptyReport(), { ...emptyReport(), counts: { a: 9 }, trials: 2 })), 2);
});

test('Rounds side by side make as many faults as were asked for, and none after a violation', async () => {
  const sizes: number[] = [];
  const report = await inLanes(25, 10, 2, async (faults) => {
    sizes.push(faults);
    return { ...emptyReport(), counts: { x: faults } };
  });
  assert.deepEqual([sizes, report.counts.x], [[10, 10, 5], 25]);
  const broken = await inLanes(100, 10, 1, async () => ({ counts: { x: 10 }, violations: ['I1'], facts: {} }));
  assert.equal(broken.counts.x, 10);
});

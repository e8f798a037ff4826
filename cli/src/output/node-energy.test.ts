import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Figure } from '@ffrtmp/shared/energy/figure';
import type { NodeEnergy } from '@ffrtmp/shared/node/power';
import { nodeEnergyText } from './node-energy.ts';

const full: Figure = {
  ...{ name: 'energy_full', value: 90, unit: 'J', scope: ['cpu'], method: 'rapl', quality: 'attributed' },
  ...{ coverage: 1, low: 60, high: 120, source: 'RAPL package-0' },
};
const sum = { seconds: 7200, covered_s: 7000, coverage: 7000 / 7200 };
const joules = { total_j: 1000, jobs_j: 100, other_j: 250, idle_j: 640, rest_j: 10 };
const energy: NodeEnergy = {
  node_id: '01a1f958-1d25-7d7e-a812-814201503ba3',
  attempts: 2,
  energy: [full],
  by: 'day',
  sources: [
    {
      ...{ method: 'rapl', scope: ['cpu'], quality: 'measured', detail: 'package-0' },
      ...{ total: { ...sum, ...joules }, attempts_j: 90, running_j: 0, unexplained_j: 10 },
      periods: [{ period: '2026-11-20T00:00:00.000Z', ...sum, ...joules }],
    },
  ],
  unmatched: [],
  same_machine: [],
};

test('a node shows the sum of its parts, and beside the jobs what their receipts say and what they do not', () => {
  assert.equal(
    nodeEnergyText(energy),
    [
      'attempts     2',
      'full energy  90.0 J attributed (60.0–120)',
      '             cpu, rapl, 100 % of the time covered; RAPL package-0',
      '',
      'the whole node, measured by rapl over cpu',
      'package-0',
      'DAY (UTC)     WATCHED  COVERED   TOTAL   JOBS  OTHERS   IDLE    REST',
      '2026-11-20  2 h 0 min     97 %  1000 J  100 J   250 J  640 J  10.0 J',
      'all         2 h 0 min     97 %  1000 J  100 J   250 J  640 J  10.0 J',
      'jobs by the node        100 J',
      'jobs by their receipts  90.0 J',
      'unexplained             10.0 J',
    ].join('\n'),
  );
});

test('by the hour the hour stands there, what runs has its line, and what no source tells is not hidden', () => {
  const [source] = energy.sources;
  assert.ok(source);
  const running = { ...source, running_j: 4, unexplained_j: 6 };
  const unmatched = [{ ...full, value: 7, method: 'spec', quality: 'estimated' as const, low: null, high: null }];
  const text = nodeEnergyText({ ...energy, by: 'hour', sources: [running], unmatched, same_machine: ['two', 'three'] });
  assert.match(text, /^HOUR \(UTC\)/m);
  assert.match(text, /^2026-11-20 00:00 /m);
  assert.match(text, /^jobs that run +4.00 J so far\nunexplained +6.00 J$/m);
  assert.match(text, /^in receipts, but by no source of the node:\n7.00 J estimated\ncpu, spec/m);
  assert.match(
    text,
    /^two, three are on the same machine: 3 nodes tell the energy of the one machine, so never add them$/m,
  );
});

test('a node that has said nothing of its machine says so, and not zero', () => {
  const text = nodeEnergyText({ ...energy, attempts: 0, energy: [], sources: [] });
  assert.match(text, /^attempts +0\n\nthe node has said nothing of its whole machine in this time$/);
});

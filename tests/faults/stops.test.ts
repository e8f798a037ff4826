import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openScope } from '../support/scope.ts';
import { buildOnce } from './built.ts';
import { stopProcesses } from './layers/stops.ts';
import { countText, sum } from './report.ts';

const FAULTS = 20;

test('Processes that stand still and clocks that jump break no promise', async (t) => {
  buildOnce();
  const report = await stopProcesses({
    faults: FAULTS,
    seed: 1,
    before: 0,
    inScope: (work) => work(openScope(t)),
    say: (line) => t.diagnostic(line),
  });
  t.diagnostic(`${countText(report.counts)}; ${countText(report.facts)}`);
  assert.deepEqual(report.violations, []);
  assert.ok(sum(report.counts) >= FAULTS);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openScope } from '../support/scope.ts';
import { buildOnce } from './built.ts';
import { killMasters } from './layers/master-kills.ts';
import { countText, sum } from './report.ts';

const KILLS = 30;

test('Masters killed at named points under load keep every promise they gave', async (t) => {
  buildOnce();
  const report = await killMasters({
    faults: KILLS,
    seed: 1,
    before: 0,
    inScope: (work) => work(openScope(t, { leavesTemporaries: 'kill -9 of masters' })),
    say: (line) => t.diagnostic(line),
  });
  t.diagnostic(countText(report.counts));
  assert.deepEqual(report.violations, []);
  assert.ok(sum(report.counts) >= KILLS);
});

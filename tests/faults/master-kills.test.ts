import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openScope } from '../support/scope.ts';
import { buildOnce } from './built.ts';
import { killMasters } from './layers/master-kills.ts';
import { countText, sum } from './report.ts';

/** With those of agent-kills.test.ts they are the fifty of every change. */
const KILLS = 15;

for (const seed of [1, 2]) {
  test(`Masters killed at named points under load keep every promise they gave, seed ${seed}`, async (t) => {
    buildOnce();
    const report = await killMasters({
      faults: KILLS,
      seed,
      before: 0,
      inScope: (work) => work(openScope(t, { leavesTemporaries: 'kill -9 of masters' })),
      say: (line) => t.diagnostic(line),
    });
    t.diagnostic(`${countText(report.counts)}; ${countText(report.facts)}`);
    assert.deepEqual(report.violations, []);
    assert.ok(sum(report.counts) >= KILLS);
  });
}

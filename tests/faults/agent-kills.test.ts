import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openScope } from '../support/scope.ts';
import { buildOnce } from './built.ts';
import { killAgents } from './layers/agent-kills.ts';
import { countText, sum } from './report.ts';

const KILLS = 20;

test('Agents killed in all they do leave no engine behind and lose no job', async (t) => {
  buildOnce();
  const report = await killAgents({
    faults: KILLS,
    seed: 1,
    before: 0,
    inScope: (work) => work(openScope(t, { leavesTemporaries: 'kill -9 of agents' })),
    say: (line) => t.diagnostic(line),
  });
  t.diagnostic(`${countText(report.counts)}; ${countText(report.facts)}`);
  assert.deepEqual(report.violations, []);
  assert.ok(sum(report.counts) >= KILLS);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openScope } from '../support/scope.ts';
import { buildOnce } from './built.ts';
import { cutConnections } from './layers/network.ts';
import { countText, sum } from './report.ts';

const FAULTS = 200;

test('A network that cuts, doubles, delays and swallows breaks no promise', async (t) => {
  buildOnce();
  const report = await cutConnections({
    faults: FAULTS,
    seed: 1,
    before: 0,
    inScope: (work) => work(openScope(t)),
    say: (line) => t.diagnostic(line),
  });
  t.diagnostic(countText(report.counts));
  assert.deepEqual(report.violations, []);
  assert.ok(sum(report.counts) >= FAULTS);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openScope } from '../support/scope.ts';
import { buildOnce } from './built.ts';
import { hardships } from './layers/hardships.ts';

// Full disks of master and agent: tests/contract/full-disk.test.ts and tests/system/disk.test.ts.
for (const [name, hardship] of Object.entries(hardships)) {
  test(`Hardship: ${name}`, async (t) => {
    buildOnce();
    const { violations, skipped } = await hardship(openScope(t, { leavesTemporaries: 'processes are killed' }));
    if (skipped !== undefined) t.skip(skipped);
    assert.deepEqual(violations, []);
  });
}

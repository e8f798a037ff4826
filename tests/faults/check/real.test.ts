import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { jobOperations } from '@ffrtmp/shared/contract/jobs';
import { registerNode } from '../../contract/fake-node.ts';
import { startMasterUnderTest } from '../../contract/master-under-test.ts';
import { check } from './check.ts';
import type { JournalEntry } from './journal.ts';

test('The checker reads a real store: nothing to say about an honest one, everything about a tampered one', async (t) => {
  const m = await startMasterUnderTest(t);
  const journal: JournalEntry[] = [];
  for (const name of ['one', 'two', 'three']) {
    const job = await m.submit({ name });
    journal.push({ kind: 'submitted', at: Date.now(), jobId: job.id, key: name });
  }
  const node = await registerNode(m);
  const sentAt = Date.now();
  const claimed = await node.take();
  const { lease, task, job } = claimed;
  const ids = { jobId: job.id, taskId: task.id, attemptId: lease.attempt_id, nodeId: node.id };
  journal.push({ kind: 'claimed', at: Date.now(), sentAt, number: lease.attempt, ...ids });
  await node.progress(claimed);
  await node.finish(claimed);
  journal.push({ kind: 'completed', at: Date.now(), jobId: job.id, attemptId: lease.attempt_id, digest: '' });
  await m.client.call(jobOperations.cancel, { params: { id: '2' } });

  const options = { dataDir: m.dataDir, journalIsWhole: true, leaseMs: 45_000 };
  const database = new DatabaseSync(m.db.path);
  t.after(() => database.close());
  assert.deepEqual(check(database, journal, options), []);
  // The tables refuse most lies, so that these are told without their constraints.
  database.exec('PRAGMA ignore_check_constraints = ON; PRAGMA foreign_keys = OFF');
  database.exec("UPDATE attempts SET state = 'lost'; DELETE FROM jobs WHERE seq = 3; UPDATE tasks SET claimable = 0");
  const said = check(database, journal, { ...options, lanes: [{ classId: 1, tenantId: 'default', ready: 1 }] });
  for (const name of ['I2', 'I3', 'I7', 'I8', 'I16', 'I19'])
    assert.ok(
      said.some((line) => line.startsWith(`${name}: `)),
      `${name} is not among:\n${said.join('\n')}`,
    );
});

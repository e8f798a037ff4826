import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Claimed } from '@ffrtmp/shared/contract/dispatch';
import { jobOperations } from '@ffrtmp/shared/contract/jobs';
import { nodeOperations } from '@ffrtmp/shared/contract/nodes';
import type { Figure } from '@ffrtmp/shared/energy/figure';
import { statement } from '../../master/src/database/statement.ts';
import { openScope } from '../support/scope.ts';
import { type FakeNode, heldOf, joules, nodeWith, registerNode } from './fake-node.ts';
import { type MasterUnderTest, startMasterIn, startMasterUnderTest } from './master-under-test.ts';

const lease = ['--lease', '5s'];
const full = (value: number, fields: Partial<Figure> = {}) =>
  joules(value, { name: 'energy_full', low: value / 2, high: value * 2, ...fields });
const progress = (energy: Figure[]) => ({
  ...{ percent: 9, phase: 'encode', fps: 1, speed: 1 },
  ...{ eta_s: 1, frames: 1, energy },
});
const said = (node: FakeNode, claimed: Claimed, energy: Figure[]) =>
  node.heartbeat({ attempts: [{ ...heldOf(claimed), progress: progress(energy) }] });
const rowsOf = async (m: MasterUnderTest) =>
  (await m.db.read(statement((q) => q.selectFrom('attempt_power').select(['attempt_id', 'body'])))).map(
    ({ attempt_id, body }) => [attempt_id, (JSON.parse(body) as Figure[])[0]?.value],
  );
const receiptOf = (m: MasterUnderTest, id: string) => m.client.call(jobOperations.receipt, { params: { id } });

/** Its agent was heard of last in the middle of the attempt. */
async function lose(m: MasterUnderTest): Promise<void> {
  m.clock.advance(5001);
  await m.master.sweep();
}

test('What an attempt had used before it was lost is waste of its job, with the time and the coverage it has', async (t) => {
  const m = await startMasterUnderTest(t, { flags: lease });
  const node = await registerNode(m);
  const job = await m.submit();
  const claimed = await node.take();
  await said(node, claimed, [joules(1), full(2)]);
  m.clock.advance(4000);
  await said(node, claimed, [joules(30, { coverage: 0.5 }), full(50)]);
  const heardOf = new Date(m.clock.now()).toISOString().slice(11, 19);
  await lose(m);
  const receipt = await receiptOf(m, job.id);
  assert.deepEqual(receipt.energy, []);
  const [line] = receipt.lines;
  assert.deepEqual([line?.state, line?.waste], ['lost', true]);
  assert.deepEqual(
    receipt.energy_waste.map(({ name, value, low, high }) => [name, value, low, high]),
    [
      ['energy_active', 30, 30, 30],
      ['energy_full', 50, 25, 100],
    ],
  );
  const [active, whole] = receipt.energy_waste;
  assert.match(whole?.source ?? '', new RegExp(`^until ${heardOf} UTC, then lost; a sensor$`));
  // 4 of 9 seconds, and the sensor had seen half of them.
  assert.ok(Math.abs((whole?.coverage ?? 0) - 4 / 9) < 0.05, `${whole?.coverage}`);
  assert.ok(Math.abs((active?.coverage ?? 0) - 2 / 9) < 0.03, `${active?.coverage}`);
});

test('A master that was killed still knows it, up to its latest chores', async (t) => {
  const scope = openScope(t);
  const db = join(scope.dir, 'master.db');
  const first = await startMasterIn(scope, { db, flags: lease });
  const node = await registerNode(first);
  const job = await first.submit();
  const claimed = await node.take();
  await said(node, claimed, [full(10)]);
  await first.master.tidy();
  await said(node, claimed, [full(20)]);
  await first.stop();

  const again = await startMasterIn(scope, { db, dataDir: first.dataDir, flags: lease });
  const m = { ...again, client: again.as(first.adminKey) };
  await lose(m);
  assert.equal((await receiptOf(m, job.id)).energy_waste[0]?.value, 10, 'nobody wrote the 20 J down');
  await nodeWith(m, node.id, node.key).take();
});

test('Progress every second is written every ten seconds at most, and not at all when nothing new was said', async (t) => {
  const m = await startMasterUnderTest(t, { flags: lease });
  const node = await registerNode(m);
  await m.submit();
  const claimed = await node.take();
  const id = claimed.lease.attempt_id;
  for (let second = 1; second <= 5; second += 1) await said(node, claimed, [full(second)]);
  assert.deepEqual(await rowsOf(m), []);
  await m.master.tidy();
  assert.deepEqual(await rowsOf(m), [[id, 5]]);
  await m.db.write((tx) => tx.run(statement((q) => q.updateTable('attempt_power').set({ body: '[]' }))));
  await m.master.tidy();
  assert.deepEqual(await rowsOf(m), [[id, undefined]]);
});

test('A result takes the place of what was said before it, in the very commit that also writes that', async (t) => {
  const m = await startMasterUnderTest(t, { flags: lease });
  const node = await registerNode(m, 'n', { slots: 3 });
  const jobs = [await m.submit(), await m.submit(), await m.submit()];
  const [early, together, late] = [await node.take(), await node.take(), await node.take()];
  await said(node, early, [full(5)]);
  await m.master.tidy();
  assert.equal((await rowsOf(m)).length, 1);
  await node.finish(early, { figures: [full(6)] });
  assert.deepEqual(await rowsOf(m), []);
  await said(node, together, [full(7)]);
  const written = m.master.tidy();
  await Promise.all([written, node.finish(together, { figures: [full(8)] })]);
  await said(node, late, [full(9)]);
  await Promise.all([node.finish(late, { figures: [full(10)] }), m.master.tidy()]);
  await m.master.tidy();
  assert.deepEqual(await rowsOf(m), []);
  const values = await Promise.all(
    jobs.map(async ({ id }) => (await receiptOf(m, id)).energy.map(({ value }) => value)),
  );
  assert.deepEqual(values, [[6], [8], [10]]);
});

test('An attempt that was canceled or lost may say later what it used in the end, and that counts', async (t) => {
  const m = await startMasterUnderTest(t, { flags: lease });
  const node = await registerNode(m, 'n', { slots: 2 });
  const [canceled, lost] = [await m.submit(), await m.submit()];
  const [first, second] = [await node.take(), await node.take()];
  await said(node, first, [full(1)]);
  await said(node, second, [full(1)]);
  await m.client.call(jobOperations.cancel, { params: { id: canceled.id } });
  const waste = async ({ id }: { id: string }) => (await receiptOf(m, id)).energy_waste.map(({ value }) => value);
  assert.deepEqual(await waste(canceled), [1], 'at once, before its agent has said more');
  await lose(m);
  assert.deepEqual([await waste(lost), (await rowsOf(m)).length], [[1], 2]);
  const facts = { status: 'canceled' as const, figures: [full(2)] };
  for (const claimed of [first, second]) assert.equal((await node.finish(claimed, facts)).status, 'accepted');
  assert.deepEqual([await waste(canceled), await waste(lost), await rowsOf(m)], [[2], [2], []]);
  await assert.rejects(node.finish(second, { ...facts, figures: [full(3)] }), { code: 'stale_attempt' });
  await assert.rejects(node.finish(second), { code: 'stale_attempt' });
  assert.equal((await node.take()).lease.attempt, 2, 'its job runs on as it would have');
});

test('The energy of a lost attempt is in the sums of its node before and after its job is pruned', async (t) => {
  const m = await startMasterUnderTest(t, { flags: [...lease, '--keep-jobs', '1d'] });
  const node = await registerNode(m);
  const job = await m.submit();
  const claimed = await node.take();
  await said(node, claimed, [full(50)]);
  await lose(m);
  await m.client.call(jobOperations.cancel, { params: { id: job.id } });
  const since = new Date(Math.floor(Date.now() / 86_400_000) * 86_400_000).toISOString();
  const used = async () => {
    const { attempts, energy } = await m.client.call(nodeOperations.energy, {
      params: { id: node.id },
      query: { since },
    });
    return [attempts, ...energy.map(({ name, value }) => [name, value])];
  };
  const before = await used();
  assert.deepEqual(before, [1, ['energy_full', 50]]);
  m.clock.advance(2 * 86_400_000);
  assert.equal((await m.master.prune()).jobs, 1);
  assert.deepEqual(await used(), before);
  assert.deepEqual(await rowsOf(m), [], 'it went with its attempt');
});

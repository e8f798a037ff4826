import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { test } from 'node:test';
import { nodeOperations } from '@ffrtmp/shared/contract/nodes';
import type { NodeEnergy, NodePower } from '@ffrtmp/shared/node/power';
import fc from 'fast-check';
import { statement } from '../../master/src/database/statement.ts';
import { openScope } from '../support/scope.ts';
import { type FakeNode, heldOf, joules, nodeWith, registerNode } from './fake-node.ts';
import { type MasterUnderTest, startMasterIn, startMasterUnderTest } from './master-under-test.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const run = '0195e7a0-0000-7000-8000-000000000001';
const hourOf = (ms: number) => new Date(Math.floor(ms / HOUR_MS) * HOUR_MS).toISOString();

type Parts = [jobs: number, other: number, idle: number, rest: number];

/** What an agent says of one hour; by default of the current one, which goes on. */
const power = ([jobs, other, idle, rest]: Parts, fields: Partial<NodePower> = {}): NodePower => ({
  ...{ period: hourOf(Date.now()), run, method: 'rapl', scope: ['cpu'], quality: 'measured', detail: 'package-0' },
  ...{ seconds: 60, covered_s: 60, total_j: jobs + other + idle + rest, open: true },
  ...{ jobs_j: jobs, other_j: other, idle_j: idle, rest_j: rest },
  ...fields,
});

const energyOf = (
  m: MasterUnderTest,
  node: Pick<FakeNode, 'id'>,
  query: { since?: string; by?: 'hour' | 'day' } = {},
) => m.client.call(nodeOperations.energy, { params: { id: node.id }, query });
const rowsOf = (m: MasterUnderTest) =>
  m.db.read(statement((q) => q.selectFrom('node_power').select(['period', 'run', 'seconds', 'total_j'])));
const full = (value: number, fields = {}) => joules(value, { name: 'energy_full', quality: 'attributed', ...fields });

test('The books of a node are the latest word of each run of its agent, however often it was said', async (t) => {
  const m = await startMasterUnderTest(t);
  const node = await registerNode(m);
  const second = randomUUID();
  await node.heartbeat({ power: [power([5, 3, 2, 0])] });
  for (let time = 0; time < 2; time += 1)
    await node.heartbeat({ power: [power([10, 6, 4, 0], { seconds: 120, covered_s: 120 })] });
  // One that was sent before and is read after it takes nothing back.
  await node.heartbeat({ power: [power([5, 3, 2, 0])] });
  await node.heartbeat({ power: [power([100, 0, 0, 50], { run: second, covered_s: 30 })] });
  const { sources, by } = await energyOf(m, node);
  assert.equal(by, 'day');
  const [source, ...more] = sources;
  assert.deepEqual(more, []);
  assert.deepEqual(
    [source?.method, source?.scope, source?.quality, source?.detail],
    ['rapl', ['cpu'], 'measured', null],
  );
  assert.deepEqual(source?.total, {
    ...{ seconds: 180, covered_s: 150, coverage: 150 / 180 },
    ...{ total_j: 170, jobs_j: 110, other_j: 6, idle_j: 4, rest_j: 50 },
  });
  const [day] = source.periods;
  assert.equal(day?.period, new Date(Math.floor(Date.now() / DAY_MS) * DAY_MS).toISOString());
});

test('Hours stand apart by the hour and together by the day, and sources never do', async (t) => {
  const m = await startMasterUnderTest(t);
  const node = await registerNode(m);
  const noon = Math.floor(Date.now() / DAY_MS) * DAY_MS - DAY_MS / 2;
  const over = { open: false };
  await node.heartbeat({
    power: [
      power([1, 0, 0, 0], { ...over, period: hourOf(noon) }),
      power([2, 0, 0, 0], { ...over, period: hourOf(noon + HOUR_MS) }),
      power([4, 0, 0, 0], { ...over, period: hourOf(noon), scope: ['dram', 'cpu'] }),
      power([8, 0, 0, 0], { ...over, period: hourOf(noon), method: 'spec', quality: 'estimated' }),
      power([16, 0, 0, 0], { ...over, period: hourOf(noon - DAY_MS) }),
    ],
  });
  const since = new Date(noon + HOUR_MS / 2).toISOString();
  const shown = async (by: 'hour' | 'day') =>
    (await energyOf(m, node, { since, by })).sources.map(({ method, scope, periods }) => [
      ...[method, scope.join()],
      ...periods.map((one) => one.total_j),
    ]);
  assert.deepEqual(await shown('hour'), [
    ['rapl', 'cpu', 1, 2],
    ['rapl', 'cpu,dram', 4],
    ['spec', 'cpu', 8],
  ]);
  assert.deepEqual(await shown('day'), [
    ['rapl', 'cpu', 3],
    ['rapl', 'cpu,dram', 4],
    ['spec', 'cpu', 8],
  ]);
  const month = await m.request('GET', `/nodes/${node.id}/energy?by=hour`);
  assert.equal(month.status, 400);
  assert.match(month.text, /by the hour, 31 days are shown at most: say since when/);
});

test('An hour that is over is stored before the agent hears of it; one that goes on is written once a minute', async (t) => {
  const m = await startMasterUnderTest(t);
  const node = await registerNode(m);
  const before = hourOf(Date.now() - HOUR_MS);
  assert.equal(
    (await node.heartbeat({ power: [power([1, 1, 1, 1], { period: before, open: false })] })).power_kept,
    true,
  );
  assert.equal((await rowsOf(m)).length, 1);
  for (let beat = 1; beat <= 12; beat += 1) {
    await node.heartbeat({ power: [power([beat, 0, 0, 0], { seconds: beat * 10 })] });
    m.clock.advance(10_000);
    await m.master.tidy();
  }
  const seconds = (await rowsOf(m)).map((row) => row.seconds).sort((a, b) => a - b);
  assert.equal(seconds[0], 60);
  assert.ok([60, 120].includes(seconds[1] ?? 0), `written at ${seconds[1]} s`);
  await node.heartbeat({ power: [power([99, 0, 0, 0], { seconds: 999 })], leaving: true });
  assert.deepEqual(
    (await rowsOf(m)).map((row) => row.seconds).sort((a, b) => a - b),
    [60, 999],
    'its last word',
  );
});

test('A master that stops writes what it has, and one that starts again goes on from there', async (t) => {
  const scope = openScope(t);
  const db = join(scope.dir, 'master.db');
  const first = await startMasterIn(scope, { db });
  const node = await registerNode(first);
  await node.heartbeat({ power: [power([1, 2, 3, 4])] });
  first.master.drain();
  await first.master.tidy();
  await first.stop();
  const again = await startMasterIn(scope, { db, dataDir: first.dataDir });
  const key = { key: first.adminKey };
  const path = `/nodes/${node.id}/energy`;
  const sums = async () => {
    const { sources } = (await again.request('GET', path, key)).json as NodeEnergy;
    return sources.map(({ total }) => [total.jobs_j, total.total_j]);
  };
  assert.deepEqual(await sums(), [[1, 10]]);
  await nodeWith(again, node.id, node.key).heartbeat({ power: [power([2, 3, 4, 5], { seconds: 70 })] });
  assert.deepEqual(await sums(), [[2, 14]]);
});

test('An entry that cannot be true is left out and told, and its heartbeat goes on', async (t) => {
  const m = await startMasterUnderTest(t, { flags: ['--keep-energy', '30d'] });
  const node = await registerNode(m);
  const reply = await node.heartbeat({
    power: [
      power([1, 2, 3, 4], { total_j: 10.1, open: false }),
      power([1, 2, 3, 4], { covered_s: 61, open: false, method: 'a' }),
      power([1, 2, 3, 4], { period: '2026-11-20T10:30:00.000Z', open: false, method: 'b' }),
      power([1, 2, 3, 4], { period: hourOf(Date.now() + 2 * DAY_MS), open: false, method: 'c' }),
      power([1, 2, 3, 4], { period: '1970-01-01T00:00:00.000Z', open: false, method: 'd' }),
      power([1e6, 2, 3, 4], { total_j: 1e6 + 9.5, open: false, method: 'rounded' }),
    ],
  });
  assert.equal(reply.power_kept, true, 'sending it again would not mend it');
  const { sources } = await energyOf(m, node);
  assert.deepEqual(
    sources.map(({ method }) => method),
    ['rounded'],
  );
});

test('A heartbeat whose energy cannot be stored still renews its leases and says so', async (t) => {
  const m = await startMasterUnderTest(t);
  const node = await registerNode(m);
  await m.submit();
  const claimed = await node.take();
  await m.db.write((tx) => tx.run(statement((q) => q.schema.dropTable('node_power'))));
  const attempts = [heldOf(claimed)];
  const lost = await node.heartbeat({ attempts, power: [power([1, 1, 1, 1], { open: false })] });
  assert.deepEqual([lost.power_kept, lost.renewed], [false, [claimed.lease.attempt_id]]);
  const later = await node.heartbeat({ attempts, power: [power([1, 1, 1, 1])] });
  assert.equal(later.power_kept, true, 'an hour that goes on has time');
});

test('Beside the books stand the receipts of the attempts, and what the two do not agree on', async (t) => {
  const m = await startMasterUnderTest(t);
  const node = await registerNode(m, 'node-a', { slots: 3 });
  for (let job = 0; job < 3; job += 1) await m.submit();
  await node.finish(await node.take(), {
    figures: [joules(40), full(50), full(7, { method: 'spec', quality: 'estimated' })],
  });
  await node.finish(await node.take(), { figures: [full(20, { quality: 'measured' }), joules(1)] });
  const { lease } = await node.take();
  const progress = { percent: 9, phase: 'encode', fps: 1, speed: 1, eta_s: 1, frames: 1, energy: [full(5)] };
  const held = { attempt_id: lease.attempt_id, token: lease.token, state: 'running' as const, progress };
  await node.heartbeat({ power: [power([78, 10, 11, 1])], attempts: [held] });
  const { sources, unmatched, attempts, energy } = await energyOf(m, node);
  const [source] = sources;
  assert.deepEqual([source?.attempts_j, source?.running_j, source?.unexplained_j], [70, 5, 3]);
  assert.deepEqual(
    unmatched.map(({ method, value, quality }) => [method, value, quality]),
    [['spec', 7, 'estimated']],
  );
  assert.deepEqual([attempts, energy.length], [2, 4], 'what was told before is told as before');
});

test('Two nodes of one machine say of each other that their joules are the same', async (t) => {
  const m = await startMasterUnderTest(t);
  const [one, two] = [
    await registerNode(m, 'one', { machine_id: 'a host' }),
    await registerNode(m, 'two', { machine_id: 'a host' }),
  ];
  const other = await registerNode(m, 'other', { machine_id: 'another' });
  const silent = await registerNode(m, 'silent');
  for (const node of [one, two]) await node.heartbeat({ power: [power([1, 1, 1, 1])] });
  const { nodes } = await m.client.call(nodeOperations.list, {});
  const said = Object.fromEntries(nodes.map((node) => [node.address, node.same_machine]));
  assert.deepEqual(said, { one: ['two'], two: ['one'], other: [], silent: [] });
  const energy = await energyOf(m, one);
  assert.deepEqual([energy.same_machine, energy.sources[0]?.total.total_j], [['two'], 4]);
  await m.request('DELETE', `/nodes/${two.id}`);
  assert.deepEqual((await energyOf(m, one)).same_machine, []);
  for (const node of [other, silent]) assert.deepEqual((await energyOf(m, node)).sources, []);
});

test('With --keep-energy hours go after their time, and do not come back', async (t) => {
  const m = await startMasterUnderTest(t, { flags: ['--keep-energy', '2d'] });
  const node = await registerNode(m);
  const old = { period: hourOf(Date.now()), open: false };
  await node.heartbeat({ power: [power([1, 0, 0, 0], old), power([2, 0, 0, 0], { ...old, method: 'spec' })] });
  m.clock.advance(DAY_MS);
  assert.equal((await m.master.prune()).hours, 0);
  m.clock.advance(DAY_MS + HOUR_MS);
  assert.equal((await m.master.prune()).hours, 1);
  await node.heartbeat({ power: [power([3, 0, 0, 0], { ...old, seconds: 90 })] });
  assert.deepEqual(await rowsOf(m), []);
});

const joulesOf = fc.double({ min: 0, max: 1e9, noNaN: true });
const entry = fc
  .record({
    parts: fc.tuple(joulesOf, joulesOf, joulesOf, joulesOf),
    hour: fc.integer({ min: 0, max: 60 }),
    run: fc.constantFrom(run, randomUUID()),
    method: fc.constantFrom('rapl', 'spec'),
    seconds: fc.integer({ min: 1, max: 3600 }),
    coverage: fc.double({ min: 0, max: 1, noNaN: true }),
    open: fc.boolean(),
  })
  .map(({ parts, hour, seconds, coverage, ...rest }) =>
    power(parts, { ...rest, seconds, covered_s: seconds * coverage, period: hourOf(Date.now() - hour * HOUR_MS) }),
  );

test('Whatever agents say, each period and each total is the sum of its four parts', async (t) => {
  const m = await startMasterUnderTest(t);
  let number = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(entry, { minLength: 1, maxLength: 30 }), async (entries) => {
      number += 1;
      const node = await registerNode(m, `node-${number}`);
      for (const one of entries) await node.heartbeat({ power: [one] });
      for (const by of ['hour', 'day'] as const) {
        const since = new Date(Date.now() - 5 * DAY_MS).toISOString();
        const { sources } = await energyOf(m, node, { since, by });
        assert.ok(sources.length > 0);
        let total = 0;
        for (const source of sources) {
          for (const sum of [source.total, ...source.periods]) {
            const parts = sum.jobs_j + sum.other_j + sum.idle_j + sum.rest_j;
            assert.ok(Math.abs(sum.total_j - parts) <= 1e-9 * Math.max(1, parts), `${sum.total_j} J of ${parts} J`);
            assert.ok(sum.coverage !== null && sum.coverage <= 1);
          }
          total += source.total.total_j;
        }
        // The latest word of each run, hour and source, and nothing else.
        const latest = new Map<string, NodePower>();
        for (const one of entries) {
          const key = [one.period, one.run, one.method].join();
          if ((latest.get(key)?.seconds ?? 0) < one.seconds) latest.set(key, one);
        }
        const expected = [...latest.values()].reduce((sum, one) => sum + one.total_j, 0);
        assert.ok(Math.abs(total - expected) <= 1e-9 * Math.max(1, expected), `${total} J and not ${expected} J`);
      }
    }),
    { numRuns: 25, endOnFailure: true },
  );
});

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { dispatchOperations } from '@ffrtmp/shared/contract/dispatch';
import { jobOperations } from '@ffrtmp/shared/contract/jobs';
import { type ReceiptGroup, type ReceiptRow, receiptGroups, receiptOperations } from '@ffrtmp/shared/contract/receipts';
import type { Figure } from '@ffrtmp/shared/energy/figure';
import type { Job } from '@ffrtmp/shared/job/job';
import { openScope, type Scope } from '../support/scope.ts';
import { type FakeNode, joules, registerNode } from './fake-node.ts';
import { type MasterUnderTest, startMasterIn, startMasterUnderTest } from './master-under-test.ts';

const DAY_MS = 86_400_000;
const full = (value: number, fields: Partial<Figure> = {}) =>
  joules(value, { name: 'energy_full', quality: 'attributed', low: value / 2, high: value * 2, ...fields });

/** A tariff of one price and a rate a node hour, as a file of the scope. */
function tariffFile(scope: Scope, price: number): string {
  const path = join(scope.dir, `tariff-${price}.yaml`);
  writeFileSync(path, `name: town\ncurrency: EUR\npue: 1.5\ndefault: ${price}\nnode_hour:\n  default: 0.8\n`);
  return path;
}

const receiptOf = (m: MasterUnderTest, id: string) => m.client.call(jobOperations.receipt, { params: { id } });
const period = (m: MasterUnderTest, by: ReceiptGroup, query = {}) =>
  m.client.call(receiptOperations.period, { query: { by, ...query } });
const amountOf = (figures: readonly Figure[], name: Figure['name']) =>
  figures.find((figure) => figure.name === name && figure.value !== null)?.value ?? 0;
const near = (found: number, expected: number, what: string) =>
  assert.ok(Math.abs(found - expected) <= 1e-9 * Math.max(1, Math.abs(expected)), `${what}: ${found}, not ${expected}`);

/** One job, run with so much energy. */
async function run(m: MasterUnderTest, node: FakeNode, figures: Figure[], request = {}): Promise<string> {
  const body = { scenario: '360p-h264', ...request };
  const { id } = (await m.client.call(jobOperations.submit, { body })) as Job;
  const claimed = await node.take();
  await node.progress(claimed);
  m.clock.advance(60_000);
  await node.finish(claimed, { figures, metrics: { media_s: 30 } });
  return id;
}

test('A receipt is a document: it keeps the prices of its time when the tariff changes', async (t) => {
  const scope = openScope(t);
  const db = join(scope.dir, 'master.db');
  const dataDir = scope.folder('data');
  const first = await startMasterIn(scope, { db, dataDir, flags: ['--tariff', tariffFile(scope, 0.3)] });
  const node = await registerNode(first, 'node-a', { slots: 2 });
  const id = await run(first, node, [full(3.6e6)]);
  const before = await receiptOf(first, id);
  near(amountOf(before.cost.figures, 'cost_energy'), 0.3 * 1.5, 'a kilowatt hour');
  const perHour = amountOf(before.cost.figures, 'cost_node') / ((before.lines[0]?.seconds ?? 0) / 3600);
  // Priced a moment before its end is written.
  assert.ok(Math.abs(perHour - 0.8 / 2) < 1e-3, `${perHour} for half of the node`);
  near(amountOf(before.totals, 'cost'), 0.45 + amountOf(before.totals, 'cost_node'), 'both');
  assert.equal(before.cost.reason, null);
  await first.stop();
  const second = await startMasterIn(scope, { db, dataDir, flags: ['--tariff', tariffFile(scope, 0.6)] });
  const again = { ...second, client: second.as(first.adminKey) };
  assert.deepEqual(await receiptOf(again, id), before);
});

test('Without a tariff cost is none, and carbon is that of the world with its label', async (t) => {
  const m = await startMasterUnderTest(t);
  const node = await registerNode(m);
  const receipt = await receiptOf(m, await run(m, node, [full(180_000), joules(90_000)]));
  assert.deepEqual(receipt.cost, { figures: [], reason: 'none: no tariff is configured' });
  const carbon = receipt.carbon.figures.find(({ name }) => name === 'carbon_operational');
  near(carbon?.value ?? 0, 0.05 * 472.94, 'of the world');
  assert.match(carbon?.source ?? '', /472\.94 g\/kWh average, lifecycle, of the world.*Ember 2024.*PUE not set, 1\.0/);
  assert.equal(carbon?.quality, 'attributed');
  assert.equal(receipt.sci.output_minutes, 0.5);
  near(receipt.sci.value ?? 0, amountOf(receipt.totals, 'carbon') / 0.5, 'a minute of output');
});

const idle = { percent: 1, phase: 'encode', fps: 1, speed: 1, eta_s: 1, frames: 1 };

test('An attempt that was lost is waste with a cause, a cost, and the energy it had told of', async (t) => {
  const m = await startMasterUnderTest(t, { flags: ['--lease', '5s'] });
  const node = await registerNode(m);
  const { id } = await m.submit();
  const lost = await node.take();
  const progress = { ...idle, energy: [full(1000)] };
  const body = { node_id: node.id, token: lost.lease.token, state: 'running' as const, progress };
  await node.client.call(dispatchOperations.progress, { params: { id: lost.lease.attempt_id }, body });
  m.clock.advance(5001);
  await m.master.sweep();
  await node.finish(await node.take(), { figures: [full(2000)], metrics: { media_s: 60 } });
  const receipt = await receiptOf(m, id);
  const [waste, ...more] = receipt.waste;
  assert.deepEqual([waste?.cause, waste?.attempts, more], ['lost', 1, []]);
  near(amountOf(waste?.energy ?? [], 'energy_full'), 1000, 'what it had told');
  near(amountOf(waste?.carbon ?? [], 'carbon_operational'), (1000 / 3.6e6) * 472.94, 'its carbon');
  near(amountOf(receipt.totals, 'energy_full'), 3000, 'all of it');
  near(receipt.sci.output_minutes ?? 0, 1, 'one result');
  near(receipt.sci.energy_kwh ?? 0, 3000 / 3.6e6, 'the waste is in it');
});

test('A canceled attempt’s own last word takes the place of what was known before', async (t) => {
  const m = await startMasterUnderTest(t);
  const node = await registerNode(m);
  const { id } = await m.submit();
  const claimed = await node.take();
  await node.progress(claimed);
  m.clock.advance(1000);
  await m.request('POST', `/jobs/${id}/cancel`);
  const embodied = amountOf((await receiptOf(m, id)).totals, 'carbon_embodied');
  assert.ok(embodied > 0, 'the machine was made, whatever it measured');
  m.clock.advance(60_000);
  await node.finish(claimed, { status: 'canceled', figures: [full(500)] });
  const [waste] = (await receiptOf(m, id)).waste;
  assert.deepEqual([waste?.cause, waste?.energy.length, waste?.carbon.length], ['canceled', 1, 2]);
  near(amountOf(waste?.carbon ?? [], 'carbon_embodied'), embodied, 'it had ended a minute before');
});

const sumNames = ['energy_full', 'cost_energy', 'cost_node', 'carbon_operational', 'carbon_embodied'] as const;
const figuresIn = (row: ReceiptRow) => [row.encode, row.quality, ...row.waste];
const ofRow = (row: ReceiptRow, name: Figure['name']) =>
  figuresIn(row).reduce((sum, part) => {
    const figures = [...part.energy, ...part.cost, ...part.carbon].filter((figure) => figure.name === name);
    return sum + figures.reduce((all, { value }) => all + (value ?? 0), 0);
  }, 0);

test('Rows by day, node, profile and tenant add up to the total, and the total to the receipts of the jobs', async (t) => {
  const scope = openScope(t);
  const m = await startMasterIn(scope, { flags: ['--tariff', tariffFile(scope, 0.3), '--carbon-region', 'DE'] });
  const encoders = ['libx264', 'libx265'].map((name) => ({ name, works: true, fps: 100, reason: null }));
  const nodes = [await registerNode(m, 'node-a', { encoders }), await registerNode(m, 'node-b', { encoders })];
  const ids: string[] = [];
  for (let index = 0; index < 6; index += 1) {
    const node = nodes[index % 2] as FakeNode;
    const request = { scenario: index < 3 ? '360p-h264' : '720p-h265', labels: { show: index < 2 ? 'a' : 'b' } };
    ids.push(await run(m, node, [full(1000 * (index + 1))], request));
    if (index === 2) m.clock.advance(DAY_MS);
  }
  const failed = await m.submit({ max_retries: 0, scenario: '360p-h264' });
  const claimed = await (nodes[0] as FakeNode).take();
  await (nodes[0] as FakeNode).finish(claimed, { status: 'failed', failure_class: 'input', figures: [full(77)] });
  ids.push(failed.id);
  const receipts = await Promise.all(ids.map((id) => receiptOf(m, id)));
  const until = new Date(m.clock.now() + DAY_MS).toISOString().slice(0, 10);
  for (const by of ['day', 'node', 'profile', 'tenant'] as const) {
    const { rows, total, complete } = await period(m, by, { until });
    assert.equal(complete, false);
    assert.equal(rows.length, by === 'tenant' ? 1 : 2, by);
    for (const name of sumNames) {
      const expected = receipts.reduce((sum, receipt) => sum + amountOf(receipt.totals, name), 0);
      near(amountOf(total.totals, name), expected, `${by}: total ${name}`);
      near(
        rows.reduce((sum, row) => sum + ofRow(row, name), 0),
        expected,
        `${by}: rows ${name}`,
      );
    }
    assert.deepEqual(
      [total.jobs, total.encode.attempts, total.waste.map(({ cause, attempts }) => [cause, attempts])],
      [{ completed: 6, failed: 1, canceled: 0 }, 6, [['input', 1]]],
    );
    assert.equal(total.sci.output_minutes, 3);
  }
  const byNode = (await period(m, 'node', { until })).rows;
  assert.deepEqual(byNode.map(({ name }) => name).sort(), ['node-a', 'node-b']);
  const byProfile = (await period(m, 'profile', { until })).rows.map(({ key }) => key);
  assert.deepEqual(byProfile, ['libx264/medium/360p', 'libx265/medium/720p']);
  const byLabel = (await period(m, 'label', { until, label: 'show' })).rows;
  assert.deepEqual(
    byLabel.map(({ key, encode }) => [key, encode.attempts]),
    [
      ['show=a', 2],
      ['show=b', 4],
    ],
  );
  assert.deepEqual((await period(m, 'label', { until, label: 'sho' })).rows, []);
});

test('Pages neither skip nor repeat a row, and each carries the whole total', async (t) => {
  const m = await startMasterUnderTest(t);
  const node = await registerNode(m);
  for (const show of ['a', 'b', 'c', 'd', 'e']) await run(m, node, [full(10)], { labels: { show } });
  const keys: string[] = [];
  for (let cursor: string | null = ''; cursor !== null; ) {
    const page = await period(m, 'label', { limit: 2, ...(cursor === '' ? {} : { cursor }) });
    keys.push(...page.rows.map(({ key }) => key));
    assert.equal(page.total.jobs.completed, 5);
    cursor = page.next_cursor;
  }
  assert.deepEqual(keys, ['show=a', 'show=b', 'show=c', 'show=d', 'show=e']);
});

test('A period without work is empty and says so; one that is over is complete', async (t) => {
  const m = await startMasterUnderTest(t);
  for (const by of receiptGroups) {
    const reply = await period(m, by, { since: '2020-01-01', until: '2020-02-01' });
    assert.deepEqual([reply.rows, reply.complete, reply.next_cursor], [[], true, null]);
    assert.deepEqual(reply.total.cost, { figures: [], reason: 'none: no attempt has ended' });
    assert.deepEqual([reply.total.totals, reply.total.sci.value], [[], null]);
  }
});

test('A question that makes no sense is 400 with the field, and a viewer may ask', async (t) => {
  const m = await startMasterUnderTest(t);
  const wrong = [
    ...['by=month', 'by=node&label=show', 'since=yesterday', 'since=2026-02-30', 'until=2026-11-20T00:00:00Z'],
    ...[
      'since=2026-11-20&until=2026-11-20',
      'since=2020-01-01&until=2026-01-01',
      'limit=0',
      'limit=501',
      'label=',
      'page=2',
    ],
    `cursor=${'x'.repeat(401)}`,
  ];
  for (const query of wrong) {
    const { status, text } = await m.request('GET', `/receipts?${query}`);
    assert.equal(status, 400, `${query}: ${text}`);
  }
  const viewer = await m.key('viewer');
  assert.equal((await m.request('GET', '/receipts?by=node', { key: viewer })).status, 200);
});

/** A carbon API that says what it is told, or nothing usable. */
async function gridOf(t: TestContext) {
  const grid = { url: '', grams: 100 as number | null };
  const server = createServer((_request, reply) => {
    if (grid.grams === null) reply.writeHead(502).end('<html>bad gateway</html>');
    else
      reply.end(
        JSON.stringify({
          carbonIntensity: grid.grams,
          emissionFactorType: 'lifecycle',
          datetime: '2026-11-20T00:00:00Z',
        }),
      );
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  grid.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return grid;
}

const carbonSource = async (m: MasterUnderTest, id: string) =>
  (await receiptOf(m, id)).carbon.figures.find(({ name }) => name === 'carbon_operational');

test('A live value of the grid is used while it is fresh, over a restart too; then the table, and it is said', async (t) => {
  const scope = openScope(t);
  const grid = await gridOf(t);
  const where = { db: join(scope.dir, 'master.db'), dataDir: scope.folder('data') };
  const flags = ['--carbon-api', grid.url, '--carbon-zone', 'DE', '--carbon-region', 'DE'];
  const m = await startMasterIn(scope, { ...where, flags });
  const node = await registerNode(m);
  const work = async (on: MasterUnderTest, by: FakeNode) => carbonSource(on, await run(on, by, [full(3.6e6)]));
  assert.match((await work(m, node))?.source ?? '', /^no live value; 342\.06 g\/kWh average/);
  await m.master.refreshGrid?.();
  const live = await work(m, node);
  near(live?.value ?? 0, 100, 'a kilowatt hour of it');
  assert.match(live?.source ?? '', /^100 g\/kWh, average, lifecycle, zone DE, 127\.0\.0\.1:\d+ 2026; PUE not set/);
  grid.grams = null;
  await assert.rejects(m.master.refreshGrid?.() ?? Promise.resolve(), { code: 'unavailable', message: /answered 502/ });
  await m.stop();
  const again = await startMasterIn(scope, { ...where, flags });
  again.clock.advance(m.clock.now() - Date.now());
  const known = { ...again, client: again.as(m.adminKey), joinToken: m.adminKey };
  const other = await registerNode(known, 'node-b');
  near((await work(known, other))?.value ?? 0, 100, 'after a restart');
  again.clock.advance(2 * 3_600_000);
  assert.match((await work(known, other))?.source ?? '', /^no live value; 342\.06/);
});

test('A configured intensity is taken before everything, and then no API is asked', async (t) => {
  const m = await startMasterUnderTest(t, {
    flags: ['--carbon-intensity', '50', '--carbon-api', 'http://127.0.0.1:9', '--carbon-zone', 'DE', '--pue', 'gcp'],
  });
  assert.equal(m.master.refreshGrid, null);
  const carbon = await carbonSource(m, await run(m, await registerNode(m), [full(3.6e6)]));
  near(carbon?.value ?? 0, 55, 'with the PUE');
  assert.match(carbon?.source ?? '', /^50 g\/kWh as configured; PUE 1\.1, gcp/);
});

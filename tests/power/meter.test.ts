import assert from 'node:assert/strict';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { heard, numberAt, openMeter } from '../../worker/src/power/collectors/meter.ts';
import type { MeterUnit } from '../../worker/src/power/collectors/meter-units.ts';
import { createSampler } from '../../worker/src/power/sampler.ts';
import { openPowerSources } from '../../worker/src/power/sources.ts';

/** A plug of the test: it answers what it is told to, or nothing. */
async function plug(t: TestContext) {
  const state = { status: 200, body: '{"power": 100}' as string | null, seen: [] as IncomingMessage['headers'][] };
  const server = createServer((request, reply) => {
    state.seen.push(request.headers);
    if (state.body === null) return reply.destroy();
    reply.writeHead(state.status).end(state.body);
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  t.after(() => new Promise<void>((closed) => server.close(() => closed())));
  return { state, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/status` };
}

async function open(t: TestContext, over: { unit?: MeterUnit; path?: string; body?: string } = {}) {
  const { state, url } = await plug(t);
  if (over.body) state.body = over.body;
  const time = { ms: 0 };
  const { unit = 'W', path = 'power' } = over;
  const meter = openMeter({ url, path, unit, intervalMs: 3_600_000, clock: () => time.ms });
  assert.ok(meter.ok);
  t.after(meter.sensor.close);
  await meter.polled();
  const answer = (ms: number, body: string | null, status = 200) => {
    Object.assign(time, { ms });
    Object.assign(state, { body, status });
    return meter.polled();
  };
  return { sensor: meter.sensor, answer, time, state };
}

test('power is held between two answers and integrated', async (t) => {
  const { sensor, answer, time } = await open(t);
  const from = sensor.read();
  time.ms = 500;
  const half = sensor.read();
  await answer(1000, '{"power": 200}');
  time.ms = 3000;
  const to = sensor.read();
  assert.ok(from && half && to);
  assert.deepEqual(sensor.between(from, half, 0.5), { uj: 50e6 });
  assert.deepEqual(sensor.between(from, to, 3), { uj: 500e6 });
  assert.deepEqual(sensor.scope, ['wall']);
});

test('an energy counter in kWh is subtracted, and one that shrinks begins anew', async (t) => {
  const { sensor, answer } = await open(t, {
    unit: 'kWh',
    path: 'emeters.0.total',
    body: '{"emeters":[{"total":"12.5"}]}',
  });
  const from = sensor.read();
  await answer(60_000, '{"emeters":[{"total":"12.501"}]}');
  const to = sensor.read();
  assert.ok(from && to);
  const energy = sensor.between(from, to, 60);
  assert.equal('uj' in energy && Math.round(energy.uj / 1e6), 3600);
  await answer(120_000, '{"emeters":[{"total":"0.1"}]}');
  assert.deepEqual(sensor.between(to, sensor.read() ?? [], 60), { gap: 'the meter began anew' });
});

test('what is no answer of a meter is a gap with its words, never a 0', async (t) => {
  const { sensor, answer, time } = await open(t);
  for (const [body, status, words] of [
    ['oops', 500, /HTTP 500/],
    ['<html><body>Login</body></html>', 200, /no JSON but "<html><body>Login<\/b"/],
    ['', 200, /no JSON/],
    ['{"watts": 5}', 200, /no number at power/],
    ['{"power": "many"}', 200, /no number at power/],
    ['{"power": null}', 200, /no number at power/],
    ['{"power": -3}', 200, /a negative value at power/],
    [null, 200, /socket|ECONNRESET|closed/i],
  ] as const) {
    await answer(time.ms, body, status);
    assert.match(sensor.fault() ?? '', words);
  }
  time.ms = 4 * 3_600_000;
  assert.equal(sensor.read(), null, 'the last good answer is too old');
  await answer(time.ms, '{"power": 80}');
  assert.ok(sensor.read());
  assert.equal(sensor.fault(), null);
});

test('answers that are far apart begin a new series: what lies between is not known', () => {
  const first = { series: 1, sumJ: 50, latest: 100, atMs: 0, fault: null };
  assert.equal(heard(first, 120, 1000, 'W', 5000).sumJ, 150);
  assert.deepEqual([heard(first, 120, 9000, 'W', 5000).series, heard(first, 120, 9000, 'W', 5000).sumJ], [2, 0]);
  assert.equal(heard(first, 120, -1000, 'W', 5000).series, 2, 'a clock that ran backwards');
});

test('user and password of the address travel as authentication and stand in no message', async (t) => {
  const { state, url } = await plug(t);
  const meter = openMeter({
    url: url.replace('//', '//ann:s%40crt@'),
    path: 'power',
    unit: 'W',
    intervalMs: 3_600_000,
    clock: () => 0,
  });
  assert.ok(meter.ok);
  t.after(meter.sensor.close);
  state.status = 401;
  await meter.polled();
  assert.equal(state.seen[0]?.authorization, `Basic ${Buffer.from('ann:s@crt').toString('base64')}`);
  assert.doesNotMatch(`${meter.sensor.detail()} ${meter.sensor.fault()}`, /s.?crt/);
});

test('a path leads through objects and lists to a number or to nothing', () => {
  const document = { a: [{ b: 3 }, { b: ' 4.5 ' }], c: { d: true } };
  assert.deepEqual(
    ['a.0.b', 'a.1.b', 'a.2.b', 'c.d', 'c', 'a.0.b.x'].map((path) => numberAt(document, path)),
    [3, 4.5, ...Array(4).fill(undefined)],
  );
});

test('an attempt under a meter that never answers gets the estimate, and the label says why', async (t) => {
  const { state, url } = await plug(t);
  state.status = 500;
  const cpu = { vendor: '', name: 'CPU', family: null, model: null, stepping: null, part: null, virtual: true };
  const meter = { url, path: 'power', unit: 'W' as const, intervalMs: 3_600_000 };
  const sources = await openPowerSources({ cpu, powercapRoot: '/nowhere', sysRoot: '/nowhere', meter });
  const sampler = createSampler({ sources, intervalMs: 3_600_000, roots: { proc: '/nowhere', cgroup: '/nowhere' } });
  t.after(() => {
    sampler.close();
    sources.close();
  });
  const [sensor] = sources.sensors;
  assert.equal(sensor?.method, 'meter');
  const energy = sampler.start('a', { reservedThreads: 1 });
  energy.finalCpuSeconds(3);
  const [active] = await energy.stop();
  assert.equal(active?.quality, 'estimated');
  assert.match(active?.source ?? '', /no figure by meter: the meter at 127\.0\.0\.1:\d+: (?:no answer yet|HTTP 500)$/);
});

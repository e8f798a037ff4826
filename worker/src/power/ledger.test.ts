import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MAX_NODE_POWER, nodePowerSchema } from '@ffrtmp/shared/node/power';
import { type Interval, split } from './attribute.ts';
import { createLedger } from './ledger.ts';

const account = { method: 'rapl', scope: ['cpu' as const], quality: 'measured' as const, detail: 'RAPL package-0' };
const run = '0195e7a0-0000-7000-8000-000000000001';
const second = (energyJ: number | null): Interval => ({
  ...{ seconds: 1, energyUj: energyJ === null ? null : energyJ * 1e6, idleUj: 4e6, othersUse: 1 },
  claims: new Map([['a', { use: 3, reserved: 0.5 }]]),
});

function ledgerAt(start: string) {
  const clock = { ms: Date.parse(start) };
  const ledger = createLedger({ now: () => clock.ms, run });
  const add = (energyJ: number | null) => {
    const interval = second(energyJ);
    ledger.add(account, interval, split(interval));
  };
  return { clock, ledger, add };
}

test('the lines of an hour add up to its total, and gaps show as time that is not covered', () => {
  const { ledger, add } = ledgerAt('2026-11-20T12:34:56Z');
  for (const energy of [12, 20, null]) add(energy);
  const [entry, ...more] = ledger.open().map((one) => nodePowerSchema.parse(one));
  assert.equal(more.length, 0);
  assert.ok(entry);
  assert.deepEqual([entry.period, entry.seconds, entry.covered_s], ['2026-11-20T12:00:00.000Z', 3, 2]);
  assert.deepEqual([entry.total_j, entry.jobs_j, entry.other_j, entry.idle_j, entry.rest_j], [32, 22, 6, 4, 0]);
});

test('an hour that is over is sent until the master has all of it, and then forgotten', () => {
  const { clock, ledger, add } = ledgerAt('2026-11-20T12:59:58Z');
  add(10);
  const sent = ledger.open();
  add(10);
  clock.ms += 3_600_000;
  add(10);
  ledger.acknowledge(sent);
  assert.deepEqual(
    ledger.open().map(({ seconds }) => seconds),
    [2, 1],
    'it went on after it was sent',
  );
  ledger.acknowledge(ledger.open());
  assert.deepEqual(
    ledger.open().map(({ period }) => period),
    ['2026-11-20T13:00:00.000Z'],
  );
});

test('a wall clock that jumps puts energy into another hour and loses none', () => {
  const { clock, ledger, add } = ledgerAt('2026-11-20T12:10:00Z');
  add(10);
  for (const step of [-7_200_000, 9_000_000]) {
    clock.ms += step;
    add(10);
  }
  assert.equal(
    ledger.open().reduce((sum, { total_j }) => sum + total_j, 0),
    30,
  );
});

test('a master that never answers costs a bounded memory: the oldest hours go first', () => {
  const { clock, ledger, add } = ledgerAt('2026-01-01T00:00:00Z');
  for (let hour = 0; hour < MAX_NODE_POWER + 50; hour += 1) {
    add(10);
    clock.ms += 3_600_000;
  }
  assert.equal(ledger.open().length, MAX_NODE_POWER);
  assert.equal(ledger.open()[0]?.period, '2026-01-03T02:00:00.000Z');
});

test('an hour that was answered while it went on is sent once more when it is over: the master need not have stored it', () => {
  const { clock, ledger, add } = ledgerAt('2026-11-20T12:59:59Z');
  add(10);
  const sent = ledger.open();
  clock.ms += 1000;
  ledger.acknowledge(sent);
  assert.deepEqual(
    [sent, ledger.open()].map(([entry]) => [entry?.period, entry?.open]),
    [
      ['2026-11-20T12:00:00.000Z', true],
      ['2026-11-20T12:00:00.000Z', false],
    ],
  );
  ledger.acknowledge(ledger.open());
  assert.deepEqual(ledger.open(), []);
});
